import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from models.training.depthwise import WINDOWS_AT_ONCE, depthwise  # noqa: E402


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("windows", [2, WINDOWS_AT_ONCE + 3])
def test_it_is_the_convolution_of_the_library_and_so_are_its_gradients(
    dilation: int, windows: int
) -> None:
    drawn = torch.Generator().manual_seed(1)
    x, told = (torch.randn(windows, 6, 20, generator=drawn, dtype=torch.double) for _ in range(2))
    weight = torch.randn(6, 5, generator=drawn, dtype=torch.double)
    x.requires_grad_()
    weight.requires_grad_()
    ours = depthwise(x, weight, dilation)
    theirs = functional.conv1d(
        x, weight.unsqueeze(1), padding=2 * dilation, dilation=dilation, groups=6
    )
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (x, weight), told),
        torch.autograd.grad(theirs, (x, weight), told),
    )
