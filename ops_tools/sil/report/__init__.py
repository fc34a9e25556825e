"""The mission report: what a simulated flight came to, as one self-contained page.

Fill a ``MissionReport`` (``model``, ``records``; ``imagery.gallery_item`` for pictures), then ``write`` it.
"""

from ops_tools.sil.report.model import MissionReport, from_json, to_json
from ops_tools.sil.report.render import render, write

__all__ = ["MissionReport", "from_json", "render", "to_json", "write"]
