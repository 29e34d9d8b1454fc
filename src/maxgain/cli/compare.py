"""`maxgain compare`: two networks, or two tables of results, beside each other."""

from pathlib import Path
from typing import Annotated

import typer

from maxgain.cli.measure import Mean, Photograph, Shape, Side, Std, WeightsFolder

THINGS = "a network as 'maxgain measure' takes it, or a .csv of 'maxgain follow' or 'measure'"


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help=f"{THINGS.capitalize()}.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one of the same kind.")],
    image: Photograph = None,
    output: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")] = Path(
        "compare.png"
    ),
    folder: WeightsFolder = Path("weights"),
    shape: Shape = None,
    side: Side = None,
    mean: Mean = None,
    std: Std = None,
) -> None:
    """Say how two networks, or two trainings, differ in gain, sensitivity and saturation.

    Two networks are measured and drawn; two tables are read: of trainings that were followed, or
    of networks that were measured.

    \b
    maxgain compare tf_efficientnet_lite0 tf_efficientnet_lite2
    maxgain compare monday/follow.csv tuesday/follow.csv
    """
    from maxgain.cli.measure import check_picture, given_input
    from maxgain.errors import InputError

    check_picture(output)
    tables = [name.lower().endswith(".csv") for name in (first, second)]
    given = given_input(shape, side, mean, std)
    if not any(tables):
        from maxgain.cli.compared import compare_measured

        return compare_measured(first, second, folder, given, image, output)
    if not all(tables):
        raise InputError(
            f"A is '{first}' and B is '{second}': one table and one network; each must be {THINGS}."
        )
    if image is not None or any(x is not None for x in (shape, side, mean, std)):
        raise InputError(
            "--image, --shape, --side, --mean and --std are of networks; leave them out beside "
            "tables."
        )
    from maxgain.cli.compared import compare_tables

    return compare_tables(Path(first), Path(second), output)
