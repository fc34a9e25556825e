"""What came of a flight, as text for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ops_tools.sil.report.records import Verdict
from ops_tools.sil.report.wording import counted
from ops_tools.sil.result import DownlinkResult, FlightResult, ProductsResult

WIDTH_WITHOUT_TERMINAL = 120
"""Columns where nobody says how many there are."""
_STYLES = {Verdict.PASS: "", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "yellow", Verdict.ERROR: "bold red"}


def text_console() -> Console:
    """Standard output, wide enough for tables when it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_WITHOUT_TERMINAL)


def print_commands(result: FlightResult, console: Console) -> None:
    """Every command with its verdict; one that should have got another stands out, with the one it should have got."""
    if not result.commands:
        return
    table = Table(title="Commands", title_justify="left", box=None, pad_edge=False)
    for heading in ("#", "command", "verdict", "reason"):
        table.add_column(heading)
    for command in result.commands:
        marks = [
            "hazardous" if command.hazardous else "",
            "forced octets" if command.forced else "",
            f"arms #{command.arms}" if command.arms is not None else "",
        ]
        note = ", ".join(mark for mark in marks if mark)
        name = f"{command.name or '?'} ({note})" if note else command.name
        as_expected = command.verdict == command.expected
        verdict = command.verdict if as_expected else f"{command.verdict}, expected {command.expected}"
        table.add_row(str(command.sequence), name, verdict, command.reason, style="" if as_expected else "bold red")
    console.print(table, highlight=False, markup=False)
    console.print()


def print_expectations(result: FlightResult, console: Console) -> None:
    """Every expectation with its verdict and what was found."""
    for each in result.expectations:
        console.print(
            f"{each.verdict.value:>12s}  {each.requirement}  {each.text} ({each.detail})",
            style=_STYLES[each.verdict],
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def print_summary(result: FlightResult, console: Console) -> None:
    """Everything that a flight came to."""
    print_commands(result, console)
    images, ledger = result.images, result.ledger
    rows = {
        "images": f"{images.taken} taken, {images.discarded} discarded as cloudy, {images.processed} processed",
        "products": _products(result.products),
        "downlink": downlink_text(result.downlink),
        "limits": f"violated for {result.limits.violations} s, "
        f"lowest state of charge {result.limits.lowest_state_of_charge:.1%}",
        "ledger": f"{ledger.offered} offered, {ledger.delivered} delivered, {sum(ledger.dropped.values())} dropped, "
        f"closed: {ledger.closed}",
        "trace": result.trace_hash,
        "time": f"{result.simulated_s} s simulated in {result.wall_s:.1f} s, {result.cpu_s:.1f} s CPU, "
        f"{result.rss_mb:.0f} MB, workers {result.worker_rss_mb:.0f} MB",
    }
    for name, text in rows.items():
        console.print(f"[bold]{name:9s}[/bold] {text}", highlight=False, soft_wrap=True)
    print_expectations(result, console)
    if result.report:
        console.print(f"[bold]report   [/bold] {result.report}", highlight=False, soft_wrap=True)
    console.print(f"[bold]verdict  [/bold] {verdict_text(result)}", highlight=False, soft_wrap=True)


def verdict_text(result: FlightResult) -> str:
    """The verdict, and why it is no other."""
    return f"{result.verdict.value}: {result.verdict_reason}" if result.verdict_reason else result.verdict.value


def downlink_text(downlink: DownlinkResult) -> str:
    """What was sent, and what that saved for the images of which the end is known."""
    saved = downlink.saved
    if saved is None:
        return f"{downlink.sent_bytes} octets sent, no image settled yet"
    return (
        f"{downlink.sent_bytes} octets sent, {downlink.settled_bytes} octets of "
        f"{counted(downlink.settled_images, 'settled image')} not: {saved:.2%} saved"
    )


def _products(products: ProductsResult) -> str:
    waiting = f", {products.waiting} on board ({products.waiting_bytes} octets)" if products.waiting else ""
    return f"{products.made} made, {products.files} down ({products.bytes} octets){waiting}, {products.alerts} alerts"
