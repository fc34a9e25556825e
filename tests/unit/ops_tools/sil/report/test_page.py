import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from ops_tools.sil.report import render, write
from ops_tools.sil.report.model import MissionReport, ModeSpan, Orbit, Power, Series, Station, Target
from ops_tools.sil.report.records import (
    CommandRecord,
    CommandVerdict,
    EventRecord,
    FaultRecord,
    Severity,
    Stage,
    StageReport,
)

SECTIONS = [
    "expectations", "orbit", "power", "temperatures", "modes", "jobs", "commands", "passes", "downlink", "gallery",
    "events", "ledger", "faults",
]  # fmt: skip
VOID = {"meta", "link", "input", "br", "img", "hr"}
SIZE_BOUND = 3_000_000
HOSTILE = "</script><script>alert(1)</script><!-- \" onload='x' <img src=x onerror=alert(2)> {{ 7*7 }} \u2028"


class Page(HTMLParser):
    """Reads a page into what the tests ask of it, and checks that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.leads: list[str] = []
        self.scripts: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that opens."""
        known = dict(attrs)
        assert len(known) == len(attrs)
        self.tags.append((tag, known))
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag not in VOID:
            self._open.append((tag, known.get("class")))
            if tag == "script":
                self.scripts.append("")
            if tag == "h2":
                self.headings.append("")
            if known.get("class") == "lead":
                self.leads.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that opens and closes at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last, and no other."""
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        """Collect the text of scripts, headings and leads."""
        inside = {tag for tag, _ in self._open}
        if "script" in inside:
            self.scripts[-1] += data
        if "h2" in inside:
            self.headings[-1] += data
        if any(name == "lead" for _, name in self._open):
            self.leads[-1] += data

    def data(self) -> dict[str, object]:
        """The data that the page's script reads."""
        found: dict[str, object] = json.loads(self.scripts[0])
        return found


def _data_part(text: str) -> str:
    return text.partition('id="report-data">')[2].partition("</script>")[0]


@pytest.fixture(scope="module")
def orbit_page(orbit_report: MissionReport) -> str:
    """The page of one orbit."""
    return render(orbit_report)


def test_ids_are_unique_and_references_lead_somewhere(orbit_page: str) -> None:
    """No id occurs twice; every link, use and label points to one that is there."""
    page = Page(orbit_page)
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.tags:
        targets = [attributes.get("href"), attributes.get("aria-labelledby"), attributes.get("for")]
        assert all(target.lstrip("#") in page.ids for target in targets if target)


def test_every_plot_has_its_place(orbit_page: str) -> None:
    """What the data draw and what the page offers room for is the same."""
    page = Page(orbit_page)
    drawn = page.data()["plots"]
    assert isinstance(drawn, list)
    assert [plot["id"] for plot in drawn] == [name for name in page.ids if name.startswith("plot-")]


def test_nothing_is_fetched(orbit_page: str) -> None:
    """No attribute or style names an address outside the page, and its policy would forbid it."""
    page = Page(orbit_page)
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "action", "srcset", "poster", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
        assert "url(" not in (attributes.get("style") or "")
    styles = "".join(re.findall(r"<style>(.*?)</style>", orbit_page, re.DOTALL))
    assert not re.search(r"@import|url\(|https?://", styles)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|importScripts)\b", page.scripts[1])


def test_vendored_code_keeps_its_licence(orbit_page: str) -> None:
    """The page is a copy of uPlot, so it carries uPlot's notice, as the MIT licence asks."""
    assert "Permission is hereby granted, free of charge" in Page(orbit_page).scripts[1]


def test_no_attribute_runs_code(orbit_page: str) -> None:
    """There is no inline event handler; the policy would not run it."""
    for _, attributes in Page(orbit_page).tags:
        assert not any(name.startswith("on") for name in attributes)


def test_all_sections_stand_in_order(orbit_page: str, empty_report: MissionReport) -> None:
    """With data or without, the same sections stand in the same order, each with a sentence."""
    for text in (orbit_page, render(empty_report)):
        page = Page(text)
        assert [name for name in page.ids if name in SECTIONS] == SECTIONS
        assert len(page.headings) == len(page.leads) == len(SECTIONS)
        assert all(lead.strip().endswith(".") for lead in page.leads)


def test_empty_sections_say_so(empty_report: MissionReport) -> None:
    """Each section without data says in a sentence what is missing."""
    leads = Page(render(empty_report)).leads
    assert all(re.match(r"(No|Nothing|The scenario stated no)\b", lead) for lead in leads)


def test_headings_do_not_skip_a_level(orbit_page: str) -> None:
    """One h1, then h2 and h3, as a reader by ear needs."""
    levels = [int(tag[1]) for tag, _ in Page(orbit_page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_scrolling_regions_are_reached_by_keyboard(orbit_page: str) -> None:
    """What scrolls or is drawn can be focused and has a name."""
    for tag, attributes in Page(orbit_page).tags:
        if tag == "figure" and "plot" in (attributes.get("class") or ""):
            assert attributes.get("tabindex") == "0"
            assert attributes.get("aria-label")
        if attributes.get("role") == "region":
            assert attributes.get("tabindex") == "0"
            assert attributes.get("aria-label")
        if tag == "img":
            assert attributes.get("alt")


def test_hostile_strings_stay_text(orbit_report: MissionReport) -> None:
    """Markup in any string is shown as it is: no element, attribute or script comes of it."""
    samples = orbit_report.orbit.track if orbit_report.orbit else Series(time_s=[], columns={})
    hostile = msgspec.structs.replace(
        orbit_report,
        mission=HOSTILE,
        spacecraft=HOSTILE,
        scenario=HOSTILE,
        verdict_reason=HOSTILE,
        trace_hash=HOSTILE,
        orbit=Orbit(
            track=samples,
            altitude_km=500,
            stations=[Station(name=HOSTILE, latitude_deg=0, longitude_deg=0)],
            targets=[Target(name=HOSTILE, latitude_deg=20, longitude_deg=0)],
        ),
        spacecraft_modes=[ModeSpan(mode=HOSTILE, start_s=0, end_s=9)],
        commands=[
            CommandRecord(
                sequence=1, name=HOSTILE, arguments=HOSTILE, source=HOSTILE, reason=HOSTILE, sent_s=0,
                verdict=CommandVerdict.FAILED, stages=[StageReport(stage=Stage.STARTED, at_s=1, ok=False)],
            )
        ],
        events=[EventRecord(at_s=0, severity=Severity.CRITICAL, source=HOSTILE, name=HOSTILE, text=HOSTILE)],
        faults=[FaultRecord(at_s=1, fault=HOSTILE, where=HOSTILE, detail=HOSTILE, reaction=HOSTILE)],
    )  # fmt: skip
    text = render(hostile)
    page = Page(text)
    assert len(page.scripts) == 2
    assert not any(attributes.get("src") == "x" for _, attributes in page.tags)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "<" not in _data_part(text)
    marks = page.data()["marks"]
    assert marks == [[1.0, HOSTILE]]
    assert "{{ 7*7 }}" in text


def test_the_same_report_gives_the_same_bytes(orbit_report: MissionReport, orbit_page: str) -> None:
    """A page carries nothing of the clock or the machine."""
    assert render(orbit_report) == orbit_page


def test_one_orbit_is_small(orbit_page: str) -> None:
    """A page of one orbit can be sent by mail without a thought."""
    assert len(orbit_page.encode()) < 700_000


@pytest.mark.untraced
def test_a_day_stays_below_three_megabytes(day_report: MissionReport) -> None:
    """24 h of histories, and tables far beyond their bounds, still give a light page that tells what it omits."""
    rows = 12_000
    crowded = msgspec.structs.replace(
        day_report,
        events=(day_report.events * rows)[:rows],
        commands=(day_report.commands * rows)[:rows],
        jobs=(day_report.jobs * rows)[:rows],
        products=(day_report.products * rows)[:rows],
        images=(day_report.images * rows)[:rows],
        passes=(day_report.passes * rows)[:rows],
        faults=(day_report.faults * rows)[:rows],
        gallery=[msgspec.structs.replace(day_report.gallery[0], scene_png=bytes(86_000))] * 40,
    )
    text = render(crowded)
    assert len(text.encode()) < SIZE_BOUND
    assert "1\u202f500 of 12\u202f000 rows shown; the gravest are kept first." in text
    assert "of 40 pictures shown" in text


def test_gaps_reach_the_page_as_null(orbit_report: MissionReport) -> None:
    """What was not measured is a gap in the plot and no zero."""
    history = Series(
        time_s=[0, 1, 2],
        columns={"array_w": [1.0, None, 2.0], "load_w": [float("nan"), 1.0, 1.0], "soc": [0.5, 0.5, None]},
    )
    report = msgspec.structs.replace(orbit_report, power=Power(history=history, soc_floor=0.3, battery_wh=80))
    plots = Page(render(report)).data()["plots"]
    assert isinstance(plots, list)
    assert plots[0]["traces"][0]["values"] == [1.0, None, 2.0]
    assert plots[0]["traces"][1]["values"] == [None, 1.0, 1.0]
    assert plots[1]["traces"][0]["values"] == [50.0, 50.0, None]


def test_writing_is_whole_or_not_at_all(
    orbit_report: MissionReport, orbit_page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page appears complete under its name; a failure leaves the old page and no litter."""
    path = tmp_path / "new" / "report.html"
    assert write(orbit_report, path) == path
    assert path.read_text(encoding="utf-8") == orbit_page

    def refuse(_: Path, __: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write(orbit_report, path)
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8") == orbit_page


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _themes() -> dict[str, dict[str, str]]:
    css = (resources.files("ops_tools.sil.report") / "static" / "report.css").read_text(encoding="utf-8")
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)")[:2]
    found = {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part.split("\n\n")[0]))
        for name, part in (("light", light), ("dark", dark))
    }
    return {"light": found["light"], "dark": found["light"] | found["dark"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read(theme: str) -> None:
    """WCAG 2.2: text reaches 4.5 : 1 on its ground, lines and marks 3 : 1, in both themes."""
    colours = _themes()[theme]
    for text in ("ink", "ink-2", "ink-3", "ok", "warn", "bad", "link"):
        assert _contrast(colours[text], colours["bg"]) >= 4.5, text
        if text in {"ink", "ink-2"}:
            assert _contrast(colours[text], colours["bg-2"]) >= 4.5, text
    for line in ("sun", "battery", "load", "link", "heat", "bad", "umbra"):
        assert _contrast(colours[line], colours["bg"]) >= 3, line


def test_every_colour_that_is_named_exists() -> None:
    """A name used by a rule or a script is defined, so that no part falls back to black."""
    static = resources.files("ops_tools.sil.report") / "static"
    sheets = "".join((static / name).read_text(encoding="utf-8") for name in ("report.css", "sections.css"))
    defined = set(re.findall(r"--([\w-]+):", sheets))
    used = set(re.findall(r"var\(--([\w-]+)\)", sheets))
    script = (static / "js" / "page.js").read_text(encoding="utf-8")
    tones = set(re.findall(r"'([\w-]+)'", script.split("TONES = [")[1].split("]")[0]))
    assert used | tones <= defined
