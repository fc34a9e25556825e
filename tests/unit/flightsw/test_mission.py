import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flightsw.app import App
from flightsw.mission import Mission, MissionError
from tlm_cmd.definition.dictionary import DictionaryError
from tlm_cmd.packets.profile import ProfileName
from tlm_cmd.packets.pus.profile import PusProfile

BASE = """
name = "proof"
version = "1.0"

[time]
epoch_utc = "2026-01-01T00:00:00Z"

[links.s_band]
spacecraft_id = 1

[apps.executive]
package = "flightsw.core.executive"
apid = 0x010
critical = true
"""

Write = Callable[[str], Path]

FITTING = (("extends", "'"), ("python_path", "["))
"""What is no mistake, or another one."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a mission file."""

    def written(text: str) -> Path:
        path = tmp_path / "mission.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Makes an importable package of an app; forgotten behind the test."""
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    made: list[str] = []

    def make(name: str, messages: str = "", app: str | None = None) -> str:
        folder = tmp_path / "packages" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "messages.py").write_text(messages)
        if app is not None:
            (folder / "app.py").write_text(app)
        made.append(name)
        return name

    yield make
    for module in list(sys.modules):
        if module.partition(".")[0] in made:
            del sys.modules[module]


def test_a_mission_gives_apps_processes_and_words(write: Write, tmp_path: Path) -> None:
    """Defaults are filled in; the dictionary holds the apps' messages, the class is found in the package."""
    mission = Mission.load(
        write(BASE + '[apps.second]\npackage = "flightsw.core.executive"\napid = 0x20\nprocess = "far"\n')
    )
    assert mission.name == "proof"
    assert mission.processes() == {"core": ("executive",), "far": ("second",)}
    assert "EXECUTIVE.RESTART_APP" in mission.dictionary.commands
    assert issubclass(mission.app_class("second"), App)
    assert mission.file.time.minor_frame_ms == 100
    assert mission.table_folder("executive") == tmp_path / "tables" / "executive"


@pytest.mark.parametrize(
    ("lines", "name", "time_octets"),
    [
        ("", ProfileName.CFS, None),
        ('packets = "cfs"\n', ProfileName.CFS, None),
        ('packets = "pus"\n', ProfileName.PUS, 6),
        ('packets = "pus"\npacket_time = "cds"\n', ProfileName.PUS, 8),
    ],
)
def test_a_mission_chooses_the_profile_of_its_packets(
    write: Write, lines: str, name: ProfileName, time_octets: int | None
) -> None:
    """One key switches the packets of both ends; the time code is another."""
    packets = Mission.load(write(lines + BASE)).packets
    assert packets.name is name
    assert time_octets is None or (isinstance(packets, PusProfile) and packets.time.octets == time_octets)


def test_no_other_profile_can_be_chosen(write: Write) -> None:
    """A profile that there is not is named with those that there are."""
    with pytest.raises(MissionError, match="packets"):
        Mission.load(write('packets = "ecss"\n' + BASE))


def test_workers_are_told_the_settings_and_the_folder(write: Write, tmp_path: Path) -> None:
    """An app's settings reach its workers, beside the place of the mission's files."""
    mission = Mission.load(write(BASE + "[apps.executive.settings]\nmodel = 3\n"))
    assert mission.worker_settings("executive") == {"mission_folder": str(tmp_path), "model": 3}


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        ("[nonsense]\n", r"unknown field `nonsense` - at `\$`; allowed are name, version, time, links, apps"),
        ("[apps.executive.inboxes]\ncomands = 3\n", r"`comands` - at `\$\.apps\.executive\.inboxes`; allowed are comm"),
        ('[apps.b]\npackage = "b"\napid = 32\nproces = "x"\n', r"`proces` - at `\$\.apps\.b`; allowed are package, ap"),
        ('[devices.eps]\ndriver = "a:B"\nport = "p"\nkind = "i2c"\nadress = 1\n', r"`adress` - at `\$\.devices\.eps`"),
        ("[links.x_band]\nspacecraft = 2\n", r"`spacecraft` - at `\$\.links\.x_band`; allowed are spacecraft_id, vi"),
        ("[links.k_band]\nspacecraft_id = 2\n", r"`k_band` - at `\$\.links`; allowed are s_band, x_band"),
        (
            "[links.x_band]\nspacecraft_id = 2\nvirtual_channels = [{ number = 0, nam = 'a' }]\n",
            r"`nam` - at `\$\.links\.x_band\.virtual_channels\[0\]`; allowed are number, name",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_allowed_ones(write: Write, addition: str, problem: str) -> None:
    """At every level of the file the error says where the key is, and which ones there are."""
    with pytest.raises(MissionError, match=rf"mission\.toml: .*{problem}"):
        Mission.load(write(BASE + addition))


@pytest.mark.parametrize("level", ["time", "links.s_band", "apps.executive"])
def test_an_unknown_key_in_a_section_that_is_there(write: Write, level: str) -> None:
    """A misspelt key in a required section is found as well."""
    with pytest.raises(MissionError, match=rf"unknown field `typo` - at `\$\.{level}`; allowed are "):
        Mission.load(write(BASE.replace(f"[{level}]\n", f"[{level}]\ntypo = 1\n")))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("apid = 0x010", 'apid = "16"', r"Expected `int`, got `str` - at `\$\.apps\.executive\.apid`"),
        ("apid = 0x010\n", "", r"missing required field `apid` - at `\$\.apps\.executive`"),
        ('name = "proof"', 'name = "Proof"', r"matching regex .* - at `\$\.name`"),
        ('version = "1.0"', 'version = "1.0 with a long tail"', r"matching regex .* - at `\$\.version`"),
        (
            "spacecraft_id = 1",
            "spacecraft_id = 5000",
            r"spacecraft id is 5000, allowed are 0 to 1023 - at `\$\.links\.",
        ),
        ("2026-01-01T00:00:00Z", "2026-01-01", r"UTC is '2026-01-01', allowed is ISO 8601.*- at `\$\.time\.epoch_utc`"),
        ("2026-01-01T00:00:00Z", "1960-01-01T00:00:00Z", r"UTC .* allowed is .*- at `\$\.time\.epoch_utc`"),
        ("[links.", "minor_frame_ms = 0\n[links.", r">= 1 - at `\$\.time\.minor_frame_ms`"),
        (
            "[links.",
            "minor_frame_ms = 300\nhousekeeping_s = 10\n[links.",
            "housekeeping_s of 10 is no multiple of minor",
        ),
        ("[apps.executive]", "[apps.Executive]", r"matching regex"),
        (
            'package = "flightsw.core.executive"',
            'package = ""',
            r"matching regex .* - at `\$\.apps\.executive\.package`",
        ),
        (
            "[links.",
            "[devices.e]\ndriver='x'\nport='e'\nkind='uart'\n[links.",
            r"regex .* - at `\$\.devices\.e\.driver`",
        ),
        (
            "[links.",
            "[devices.e]\ndriver='a:B'\nport='e'\nkind='i2c'\naddress=-1\n[links.",
            r">= 0 - at `\$\.devices\.e\.address`; allowed are 0 to 127",
        ),
        ("critical = true", "inboxes = { bulk = 0 }", r">= 1 - at `\$\.apps\.executive\.inboxes\.bulk`"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(write: Write, old: str, new: str, problem: str) -> None:
    """The error says which key of which app, what it found, and what would be right."""
    with pytest.raises(MissionError, match=rf"mission\.toml: .*{problem}"):
        Mission.load(write(BASE.replace(old, new, 1)))


@pytest.mark.parametrize("value", ["1", "[]", "true", "'x'", "[1]", "{ a = 1 }", "nan"])
@pytest.mark.parametrize("section", ["apps", "devices", "links", "time", "extends", "python_path"])
def test_a_section_that_is_none_is_refused(write: Write, section: str, value: str) -> None:
    """Whatever stands where a section, a name or a list of folders belongs, the error names it."""
    parts = [part for part in BASE.split("\n\n") if f"[{section}" not in part]
    text = f"{section} = {value if (section, value[0]) not in FITTING else 1}\n" + "\n\n".join(parts)
    with pytest.raises(MissionError, match=section):
        Mission.load(write(text))


def test_a_mission_file_must_be_there_and_readable(write: Write, tmp_path: Path) -> None:
    """Missing, a folder, no TOML, no text: each is told."""
    with pytest.raises(MissionError, match=r"none\.toml is missing"):
        Mission.load(tmp_path / "none.toml")
    with pytest.raises(MissionError, match="directory"):
        Mission.load(tmp_path)
    with pytest.raises(MissionError, match="Invalid value"):
        Mission.load(write("name = "))
    (tmp_path / "mission.toml").write_bytes(b"\xff")
    with pytest.raises(MissionError, match="utf-8"):
        Mission.load(tmp_path / "mission.toml")


def test_two_apps_cannot_claim_one_id(write: Write) -> None:
    """The error names both."""
    with pytest.raises(DictionaryError, match=r"executive.*twin|twin.*executive"):
        Mission.load(write(BASE + '[apps.twin]\npackage = "flightsw.core.executive"\napid = 0x010\n'))


def test_a_package_must_have_messages(write: Write) -> None:
    """The error names the app and the module."""
    with pytest.raises(MissionError, match=r"app 'b': module no_such_package\.messages cannot be imported"):
        Mission.load(write(BASE + '[apps.b]\npackage = "no_such_package"\napid = 0x20\n'))


def test_what_a_package_cannot_import_is_named(write: Write, package: Callable[..., str]) -> None:
    """A name that another module does not have is told with the app."""
    package("imports_nothing", "from flightsw.app import Nothing\n")
    with pytest.raises(MissionError, match=r"app 'b': module imports_nothing\.messages .*Nothing"):
        Mission.load(write(BASE + '[apps.b]\npackage = "imports_nothing"\napid = 0x20\n'))


@pytest.mark.parametrize("count", [0, 2])
def test_a_package_has_exactly_one_app(write: Write, package: Callable[..., str], count: int) -> None:
    """None and several are refused; a class that is only imported does not count."""
    classes = "".join(f"class App{number}(App): ...\n" for number in range(count))
    package(f"has_{count}", app="from flightsw.app import App\n" + classes)
    mission = Mission.load(write(BASE + f'[apps.b]\npackage = "has_{count}"\napid = 0x20\n'))
    with pytest.raises(MissionError, match=rf"has_{count}\.app defines {count} App classes, exactly one is needed"):
        mission.app_class("b")


def test_a_mission_extends_another(write: Write, tmp_path: Path) -> None:
    """What the file says replaces or adds to what it extends; tables are the nearest that there are."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "mission.toml").write_text(BASE)
    (tmp_path / "base" / "tables" / "executive").mkdir(parents=True)
    mission = Mission.load(write('extends = "base/mission.toml"\nname = "other"\n[apps.executive]\nprocess = "far"\n'))
    assert (mission.name, mission.processes()) == ("other", {"far": ("executive",)})
    assert mission.table_folder("executive") == tmp_path / "base" / "tables" / "executive"
    (tmp_path / "tables" / "executive").mkdir(parents=True)
    assert mission.table_folder("executive") == tmp_path / "tables" / "executive"
    assert mission.worker_settings("executive") == {"mission_folder": str(tmp_path / "base")}


def test_a_package_with_a_mission_can_be_extended(write: Write) -> None:
    """The reference mission is found by its package."""
    mission = Mission.load(write('extends = "apps.missions.urbanwatch"\nname = "copy"\n'))
    assert mission.name == "copy"
    assert "thermal" in mission.file.apps


@pytest.mark.parametrize("name", ["no.such.package", "nosuchpackage", "flightsw.clock"])
def test_what_is_extended_must_be_a_mission(write: Write, name: str) -> None:
    """Neither a package nor a file is refused by its name."""
    with pytest.raises(MissionError, match=rf"extends '{name}', which is neither a package nor a \.toml file"):
        Mission.load(write(f'extends = "{name}"\n'))


def test_a_mission_cannot_extend_itself(write: Write) -> None:
    """A circle is found."""
    with pytest.raises(MissionError, match="extends more than 8 others, or itself"):
        Mission.load(write('extends = "mission.toml"\n' + BASE))


def test_packages_are_looked_for_beside_the_mission(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Callable[..., str]
) -> None:
    """Folders of ``python_path`` are made importable once."""
    package("beside", app="from flightsw.app import App\nclass Beside(App): ...\n")
    monkeypatch.setattr(sys, "path", [each for each in sys.path if not each.endswith("packages")])
    path = write('python_path = ["packages"]\n' + BASE + '[apps.b]\npackage = "beside"\napid = 0x20\n')
    for _ in range(2):
        assert Mission.load(path).app_class("b").__name__ == "Beside"
    assert sys.path.count(str(tmp_path / "packages")) == 1
