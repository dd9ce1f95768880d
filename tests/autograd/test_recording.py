"""Recording on and off, nested, as a decorator, and in each thread by itself."""

import threading

import numpy as np
import pytest

from tinygrad_tf import Tensor, enable_grad, grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def scalar(value):
    return Tensor(np.float64(value), requires_grad=True)


def test_no_grad_and_enable_grad_nest():
    x = leaf(1.0)
    with no_grad():
        with enable_grad():
            assert (x * x).requires_grad
            with no_grad():
                assert not (x * x).requires_grad
            assert (x * x).requires_grad
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_set_grad_enabled_lasts_until_it_is_set_again():
    set_grad_enabled(False)
    try:
        assert not is_grad_enabled()
    finally:
        set_grad_enabled(True)
    assert is_grad_enabled()


def test_set_grad_enabled_as_a_context_ends_with_it():
    with no_grad():
        with set_grad_enabled(True):
            assert is_grad_enabled()
        assert not is_grad_enabled()


def test_set_grad_enabled_as_a_decorator_holds_in_the_function_alone():
    @set_grad_enabled(False)
    def recorded():
        return is_grad_enabled()

    assert (is_grad_enabled(), recorded(), is_grad_enabled()) == (True, False, True)


def test_inference_mode_records_nothing():
    with inference_mode():
        assert not (leaf(1.0) * 2).requires_grad
        with inference_mode(False):
            assert is_grad_enabled()


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (leaf(1.0) * 2).requires_grad


@pytest.mark.parametrize("decorator, recorded", [(no_grad, False), (enable_grad, True)])
def test_as_a_decorator(decorator, recorded):
    @decorator()
    def square(x, *, times=1):
        """Squares."""
        return x * x * times

    with no_grad() if recorded else enable_grad():
        y = square(leaf(3.0), times=2)
    assert y.requires_grad is recorded
    assert y.tolist() == [18.0]
    assert square.__doc__ == "Squares."


def test_what_is_made_under_no_grad_is_a_leaf():
    with no_grad():
        y = leaf(2.0) * 2
    assert y.is_leaf
    assert y.inputs == ()


def test_recording_is_per_thread():
    x, found = leaf(1.0), []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append((x * x).requires_grad))
        thread.start()
        thread.join()
        assert not (x * x).requires_grad
    assert found == [True]


def test_threads_differentiate_side_by_side():
    def work(k, results):
        x = scalar(float(k))
        for _ in range(50):
            y = x
            for _ in range(20):
                y = y * 1.0 + x
            results[k] = grad(y, x).item()

    results: dict = {}
    threads = [threading.Thread(target=work, args=(k, results)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == dict.fromkeys(range(1, 5), 21.0)
