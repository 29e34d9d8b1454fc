"""One plain caption a figure: for the report, and kept in the metadata of every figure file."""

_CURVES = (
    "Top: Maximum Gain of the snapshot of each epoch, on the impulse image, mean over channels. "
    "Middle: loss. Bottom: top-1 error. Training is solid, validation dashed. Several seeds are a "
    "line (median) and a band (range), each run's gain a thin line. A cross marks the epoch where "
    "a run diverged, a triangle at the bottom one whose network died. What was not run is left "
    "out and says so."
)

CAPTIONS: dict[str, str] = {
    "fig01": (
        "The toy network of section III-A: (a) the mean-subtracted red channel of a photograph, "
        "(b) the 7 x 7 Gaussian filter, sigma 1 pixel, (c) the feature map after the ReLU. The "
        "photograph is matplotlib's sample of Grace Hopper, not the paper's; its pixel (150, 100) "
        "is inactive (z = 0), so the nearest active pixel takes the place of the paper's."
    ),
    "fig02": (
        "Derivative dz/dx of the toy network on the photograph: (a) p = 1 at one active place, "
        "enlarged: the filter itself; (b) p = 1 everywhere: the active places, each spread by the "
        "filter."
    ),
    "fig03": (
        "Response |H| of the toy network on the photograph, zero frequency in the middle, no "
        "window: (a) p = 1 at one active place: the filter's low-pass response; (b) p = 1 "
        "everywhere: the spectrum of the active region, filtered."
    ),
    "fig04": (
        "The toy network on the impulse image (255 at the centre, 0 elsewhere), p = 1 everywhere: "
        "(a) the derivative dz/dx times a Hann window, enlarged, (b) its response, low-pass. "
        "Outside the 7 x 7 active places the ReLU blocks, hence the side lobes."
    ),
    "fig05": (
        "Derivative dz/dx and response |H| of one ImageNet network, on a photograph and on the "
        "impulse image, with the winning class and its score. AlexNet where it was measured, "
        "otherwise the best network at hand, which the title names."
    ),
    "fig06": (
        "Derivative dz/dx and response |H| of every ImageNet network at hand on the impulse image, "
        "in the order of top-5 error; networks with random weights are controls. Networks that "
        "could not be measured are named in the title."
    ),
    "fig07": (
        "Maximum Gain against top-5 error of the ImageNet networks at hand, channel by channel, on "
        "the impulse image. The legend gives the rank correlation with its 95 % confidence "
        "interval; dotted lines are networks with random weights."
    ),
    "fig08": (
        f"LeNet on MNIST at learning rate 0.001 (red) and at twice to four times it. {_CURVES}"
    ),
    "fig09": (
        "LeNet on MNIST at learning rate 0.001 (red), a third (blue) and a tenth (black) of it. "
        f"{_CURVES}"
    ),
    "fig10": (
        f"LeNet on CIFAR-10 at learning rate 0.05 (red) and at twice to four times it. {_CURVES}"
    ),
    "fig11": (
        "LeNet on CIFAR-10 at learning rate 0.05 (red), a third (blue) and a tenth (black) of it. "
        f"{_CURVES}"
    ),
    "fig12": f"LeNet and Network in Network on CIFAR-10 at learning rate 0.005. {_CURVES}",
    "fig13": (
        "LeNet on CIFAR-10 at learning rate 0.005 with a quarter of the filters, all of them, and "
        f"four times as many. {_CURVES}"
    ),
}
"""Caption of each figure. Where data stand in for the paper's, the figure's own title says so."""
