"""The page of commands is made from the command line itself."""

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

PAGE = "reference/commands.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    files.append(File.generated(config, PAGE, content=render_commands()))
    return files


def render_commands() -> str:
    """Every command with its arguments and options, as Markdown."""
    from maxgain.cli.app import app

    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="maxgain")
    return get_docs_for_click(obj=command, ctx=context, name="maxgain", title="Commands")
