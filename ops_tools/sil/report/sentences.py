"""The sentence under each heading: what the section shows, said with its own numbers."""

import math

from ops_tools.sil.report import tallies
from ops_tools.sil.report.model import MissionReport, ModeSpan
from ops_tools.sil.report.records import CommandVerdict, ImageOutcome, JobOutcome, Severity
from ops_tools.sil.report.wording import counted, duration, listed, met, number, percent, reasons, volume


def orbit(report: MissionReport) -> str:
    """Altitude, light, stations and targets."""
    if report.orbit is None or not report.orbit.track.time_s:
        return "No orbit was recorded."
    dark_s = tallies.shadow_s(report)
    imaged = {image.target for image in report.images} & {target.name for target in report.orbit.targets}
    light = (
        f"{duration(dark_s)} of {duration(report.span_s)} ({percent(dark_s / report.span_s)}) out of full sunlight"
        if dark_s and report.span_s
        else "sunlight throughout"
    )
    return (
        f"Mean altitude {number(report.orbit.altitude_km, 0)}\u202fkm, {light}. "
        f"{counted(len(report.orbit.stations), 'ground station')}; {len(imaged)} of "
        f"{counted(len(report.orbit.targets), 'target')} imaged."
    )


def power(report: MissionReport) -> str:
    """What the array gave, the loads took, and how deep the battery went."""
    if report.power is None or not report.power.history.time_s:
        return "No power history was recorded."
    history, floor = report.power.history, report.power.soc_floor
    array, load = tallies.extremes(history, "array_w"), tallies.extremes(history, "load_w")
    charge = tallies.extremes(history, "soc")
    parts = []
    if array and load:
        parts.append(
            f"The array gave up to {number(array.high.value)}\u202fW and {number(array.mean)}\u202fW on average, "
            f"the loads took {number(load.mean)}\u202fW on average."
        )
    if charge:
        margin = (charge.low.value - floor) * 100
        side = "above" if margin >= 0 else "below"
        parts.append(
            f"The battery ({number(report.power.battery_wh, 0)}\u202fWh) went down to {percent(charge.low.value)} "
            f"at {met(charge.low.at_s)}, {number(abs(margin))} points {side} its floor."
        )
    return " ".join(parts) or "The power history holds no values."


def thermal(report: MissionReport) -> str:
    """Which node came closest to a limit."""
    if report.thermal is None or not report.thermal.nodes:
        return "No temperatures were recorded."
    margins = [(t.margin_k, t.node.name) for t in tallies.node_tallies(report) if t.margin_k is not None]
    if not margins:
        return f"{counted(len(report.thermal.nodes), 'node')}, without limits to compare with."
    margin, name = min(margins)
    broken = [node for value, node in margins if value < 0]
    if len(broken) == 1:
        return f"{name} went {number(-margin)}\u202fK beyond its limit."
    if broken:
        return f"Beyond their limits: {listed(broken)}; farthest {name}, by {number(-margin)}\u202fK."
    return (
        f"{counted(len(report.thermal.nodes), 'node')}, all within limits. "
        f"Closest to one: {name}, {number(margin)}\u202fK away."
    )


def _shares(spans: list[ModeSpan], span_s: int) -> str:
    totals: dict[str, list[float]] = {}
    for span in spans:
        totals.setdefault(span.mode, []).append(span.end_s - span.start_s)
    ordered = sorted(((math.fsum(parts), mode) for mode, parts in totals.items()), reverse=True)
    return listed([f"{mode} {percent(s / max(span_s, 1))}" for s, mode in ordered])


def modes(report: MissionReport) -> str:
    """Shares of time in the modes of spacecraft and compute board."""
    parts = []
    if report.spacecraft_modes:
        parts.append(f"Spacecraft: {_shares(report.spacecraft_modes, report.span_s)} of the time.")
    if report.compute and report.compute.modes:
        parts.append(f"Compute board: {_shares(report.compute.modes, report.span_s)}.")
    return " ".join(parts) or "No mode changes were recorded."


def jobs(report: MissionReport) -> str:
    """Jobs, the value they gained and the energy they cost."""
    if not report.jobs:
        return "No inference jobs were submitted."
    found = tallies.job_tallies(report.jobs)
    done = next(tally for tally in found if tally.outcome is JobOutcome.COMPLETED)
    worth = math.fsum(tally.value for tally in found)
    spent_wh = math.fsum(tally.energy_wh for tally in found)
    words = listed([f"{number(tally.count, 0)} {tally.outcome}" for tally in found if tally.count])
    return (
        f"{counted(len(report.jobs), 'job')}: {words}. Value gained {number(done.value)} of {number(worth)}, "
        f"for {number(spent_wh, 2)}\u202fWh above idle."
    )


def commands(report: MissionReport) -> str:
    """Whether each command got its verdict, and whether those were refused that should be."""
    if not report.commands:
        return "No commands were sent."
    found = tallies.commands_by_verdict(report.commands)
    silent = found[CommandVerdict.NONE]
    outcome = f"{number(silent, 0)} without a verdict" if silent else "each with exactly one verdict"
    hazardous = sum(command.hazardous for command in report.commands)
    danger = f"; {number(hazardous, 0)} hazardous" if hazardous else ""
    parts = [f"{counted(len(report.commands), 'command')}, {outcome}{danger}."]
    invalid = [command for command in report.commands if command.invalid]
    refusals = (CommandVerdict.REJECTED, CommandVerdict.REFUSED_ON_GROUND)
    refused = sum(command.verdict in refusals for command in invalid)
    if invalid:
        all_of = "all of them refused" if refused == len(invalid) else f"{refused} of them refused"
        parts.append(f"A refusal was expected of {number(len(invalid), 0)}, {all_of}.")
    return " ".join(parts)


def passes(report: MissionReport) -> str:
    """Contact time, frames and losses."""
    if not report.passes:
        return "No ground station was in contact."
    total = tallies.pass_tally(report.passes)
    lost = sum(total.lost.values())
    losses = f"{number(lost, 0)} lost ({reasons(total.lost)})" if lost else "none lost"
    return (
        f"{counted(len(report.passes), 'pass', 'passes')}, {duration(total.contact_s)} of contact. "
        f"{counted(total.frames_up, 'frame')} up, {number(total.frames_down, 0)} down, {losses}."
    )


def downlink(report: MissionReport) -> str:
    """Volume saved, and what waits on board."""
    saved = report.downlink.saved if report.downlink else None
    parts = []
    if report.downlink and saved is not None:
        parts.append(
            f"{volume(report.downlink.sent_bytes)} were sent for {counted(report.downlink.settled_images, 'image')} "
            f"of {volume(report.downlink.settled_bytes)}: {percent(saved)} saved. Counted are the images that need no "
            "more downlink, because they were discarded on board or their product is on the ground."
        )
    waiting = sum(product.received_s is None for product in report.products)
    if report.products:
        parts.append(
            f"{counted(len(report.products), 'product')} made, {number(waiting, 0)} still on board."
            if waiting
            else f"{counted(len(report.products), 'product')} made, all received."
        )
    return " ".join(parts) or "Nothing was made to be sent."


def gallery(report: MissionReport) -> str:
    """What the pictures are, and that clouds may be drawn."""
    if not report.gallery:
        return "No mask came down."
    found = tallies.images_by_outcome(report.images)
    discarded = found[ImageOutcome.DISCARDED]
    text = "Left the scene as the camera saw it, in true colour, which stayed on board; right the mask that came down."
    grounds = dict.fromkeys(item.ground for item in report.gallery if item.ground)
    if grounds:
        text += f" The ground is a {listed(list(grounds))}, cut and turned; clouds in it are synthetic."
    if discarded:
        images = counted(discarded, "image was", "images were")
        text += f" {images} discarded on board for clouds."
    return text


def events(report: MissionReport) -> str:
    """Events by severity, gravest first."""
    if not report.events:
        return "No events were sent."
    counts = [(severity, sum(e.severity is severity for e in report.events)) for severity in Severity]
    words = listed(
        [
            counted(count, severity.value) if severity is Severity.ERROR else f"{number(count, 0)} {severity}"
            for severity, count in reversed(counts)
            if count
        ]
    )
    return f"{counted(len(report.events), 'event')}: {words}."


def ledger(report: MissionReport) -> str:
    """Whether the account closes."""
    if report.ledger is None or not report.ledger.rows:
        return "No bus ledger was recorded."
    account = report.ledger
    dropped = sum(account.dropped.values())
    verb = "equals" if account.closed else "does not equal"
    why = f" ({reasons(account.dropped)})" if dropped else ""
    return (
        f"{number(account.sent, 0)} sent {verb} {number(account.delivered, 0)} delivered plus "
        f"{number(dropped, 0)} dropped{why}: the ledger {'closes' if account.closed else 'is open'}."
    )


def faults(report: MissionReport) -> str:
    """Faults, and how soon they were noticed."""
    if not report.faults:
        return "No faults were injected."
    delays = [f.detected_s - f.at_s for f in report.faults if f.detected_s is not None]
    recovered = sum(fault.recovered_s is not None for fault in report.faults)
    latest = f", the slowest after {duration(max(delays))}" if delays else ""
    return (
        f"{counted(len(report.faults), 'fault')} injected, {number(len(delays), 0)} detected{latest}, "
        f"{number(recovered, 0)} recovered from. The flight software cannot read this log."
    )
