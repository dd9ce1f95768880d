"""All colours of pictures, pages and notebooks, each by its role: on light paper, and on dark.

Colour never stands alone: shape, dash and width say the same. Strokes have a contrast of 3 : 1 on their paper or more.
"""

from __future__ import annotations

#: The roles by their names in style.css.
COLORS = {
    "paper": ("#ffffff", "#11151a"),
    "bar": ("#f7f9fb", "#171d23"),
    "text": ("#1b2733", "#e6ebf0"),
    "quiet": ("#5b6875", "#a5b1bc"),
    "line": ("#c3ccd4", "#4a5560"),
    "focus": ("#0072b2", "#56b4e9"),
    "operation": ("#0072b2", "#56b4e9"),
    "operation-fill": ("#e6f0f8", "#15293a"),
    "parameter": ("#b06f00", "#e69f00"),
    "parameter-fill": ("#fdf1d8", "#33270e"),
    "input": ("#00785a", "#2fc39a"),
    "input-fill": ("#e2f4ee", "#10302a"),
    "constant": ("#707070", "#9aa3ab"),
    "constant-fill": ("#eeeeee", "#23292f"),
    "loss": ("#b84a00", "#ff9356"),
    "loss-fill": ("#fbe6dc", "#3a2117"),
    "ground": ("#f4f6f8", "#1a2027"),  # of modules
    "ground-deep": ("#e9eef2", "#232b34"),
    "wire": ("#8a96a1", "#71808c"),
    "gradient": ("#8e2a6b", "#ee9acb"),
    "map-below": ("#2166ac", "#498ed4"),  # of heat maps: below 0, 0 and above; told apart by any eye
    "map-zero": ("#f7f7f7", "#242b33"),
    "map-above": ("#d95f02", "#ff872a"),
}


def light(role: str) -> str:
    """The colour on light paper.

    >>> light("gradient")
    '#8e2a6b'
    """
    return COLORS[role][0]


def style_sheet() -> str:
    """Two blocks of CSS that say what each ``--role`` is: the light theme, then the dark one."""
    themes = (":root", "light"), ('[data-theme="dark"]', "dark")
    return "\n".join([
        f"{where} {{ color-scheme: {theme}; {' '.join([f'--{role}: {both[i]};' for role, both in COLORS.items()])} }}"
        for i, (where, theme) in enumerate(themes)
    ])  # fmt: skip
