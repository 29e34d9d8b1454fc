"""Pictures of single ImageNet networks for the report: derivative and response."""

from pathlib import Path

from maxgain.files.tensors import read_arrays, read_network_name
from maxgain.tables.zoo import read_zoo


def draw_networks(results: Path, folder: Path) -> dict[str, Path]:
    """Draw derivative and response of every network whose arrays lie beside the table.

    Parameters
    ----------
    results
        Folder of zoo.csv and zoo/*.safetensors, which `measure-network` wrote; without them nothing
        is drawn.
    folder
        Where the PNG files are written.

    Returns
    -------
    dict
        Network's name to its picture, in the table's order.

    Raises
    ------
    InputError
        The table or an array cannot be read, or they do not fit one another.
    """
    arrays = {read_network_name(path): path for path in results.glob("zoo/*.safetensors")}
    if not arrays or not (results / "zoo.csv").exists():
        return {}
    from maxgain.figures.pretrained import draw_network
    from maxgain.figures.style import save_figure

    zoo = read_zoo(results / "zoo.csv")
    drawn = {}
    for number, (name, rows) in enumerate(zoo.groupby("name", sort=False)):
        if name in arrays and {"natural", "impulse"} <= set(rows["image"]):
            records = rows.to_dict("records")
            named = [{str(key): value for key, value in row.items()} for row in records]
            figure = draw_network(named, read_arrays(arrays[str(name)]))
            (drawn[str(name)],) = save_figure(figure, folder / f"network{number}", ("png",))
    return drawn
