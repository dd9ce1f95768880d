"""What PyTorch's users look for in ``torch.nn.utils``: gradient clipping, which is in ``optim`` too."""

from ..clipping import clip_grad_norm_, clip_grad_value_

__all__ = ["clip_grad_norm_", "clip_grad_value_"]
