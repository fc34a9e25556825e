"""From a mission report to one page: a single HTML file that needs no network and no second file.

The page carries a content security policy that forbids everything but what is inside it, so a hostile
string in an event cannot load or run anything even if it were to escape the template's escaping.
The same report always gives the same bytes.
"""

import base64
import hashlib
import os
import tempfile
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from ops_tools.sil.report import wording
from ops_tools.sil.report.key_figures import key_figures
from ops_tools.sil.report.model import MissionReport
from ops_tools.sil.report.plots import page_data, to_script
from ops_tools.sil.report.sections import sections, tables
from ops_tools.sil.report.world_map import world_map

_STYLES = ("vendor/uplot/uPlot.min.css", "report.css", "sections.css")
_VENDOR_SCRIPT = "vendor/uplot/uPlot.iife.min.js"
_VENDOR_LICENCE = "vendor/uplot/LICENSE"
_SCRIPTS = ("js/page.js", "js/axes.js", "js/plots.js", "js/cursor.js", "js/map.js", "js/events.js", "js/start.js")


def _static(name: str) -> str:
    return (resources.files("ops_tools.sil.report") / "static" / name).read_text(encoding="utf-8")


def _script() -> str:
    """The vendored uPlot with its licence, then the page's own files as one function: nothing of them is global."""
    own = "\n".join(_static(name) for name in _SCRIPTS)
    licence = _static(_VENDOR_LICENCE)
    return f"/*!\n{licence}*/\n{_static(_VENDOR_SCRIPT)}\n(() => {{\n'use strict';\n{own}\n}})();\n"


def _png_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _environment(report: MissionReport) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ops_tools.sil.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=lambda value: wording.number(value, 0),
        duration=wording.duration,
        met=wording.met,
        number=wording.number,
        percent=wording.percent,
        png=_png_url,
        reasons=wording.reasons,
        short=wording.shortened,
        utc=lambda at_s: wording.utc(report.start_utc_s, at_s),
        volume=wording.volume,
    )
    return environment


def render(report: MissionReport) -> str:
    """The page of a report."""
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = page_data(report)
    has_orbit = report.orbit is not None and bool(report.orbit.track.time_s)
    return (
        _environment(report)
        .get_template("report.html.j2")
        .render(
            report=report,
            sections=sections(report),
            figures=key_figures(report),
            plots={plot.id: plot for plot in data.plots},
            map=world_map(report, report.orbit) if has_orbit and report.orbit else None,
            nothing=wording.NOTHING,
            script_hash=f"sha256-{digest}",
            # Our own files, and JSON that `to_script` made safe: the only texts that are not escaped.
            style=Markup("\n".join(_static(name) for name in _STYLES)),  # noqa: S704
            script=Markup(script),  # noqa: S704
            data=Markup(to_script(data)),  # noqa: S704
            **tables(report),
        )
    )


def write(report: MissionReport, path: Path) -> Path:
    """Write the page of a report to a file, whole or not at all, and return its path.

    Folders on the way are made. A reader never sees half a page: the file is written beside its place and
    renamed into it.
    """
    page = render(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path
