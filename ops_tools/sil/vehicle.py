"""A whole flight in one process, in virtual time: spacecraft, flight software and ground, put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from bus_sim.assembly import assemble
from bus_sim.endpoints.wiring import S_BAND, X_BAND, wire_antennas
from bus_sim.equipment.camera import Shot
from bus_sim.equipment.imagery import expose, image_file
from bus_sim.spacecraft import STEP_NS
from flightsw.hal.sim import MemoryNvm, SimRadioFrequency
from flightsw.mission import Mission
from flightsw.mission_links import key_plan
from flightsw.runtime.device_ports import SimPorts, check_devices
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.lockstep import GROUND_PRIORITY, PHYSICS_PRIORITY, LockstepRuntime
from flightsw.runtime.trace import TraceChain
from flightsw.services.key_safe import MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.spacecraft_time import parse_utc
from flightsw.services.store import Store
from ops_tools.contact_predictor import ContactPredictor
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.station import GroundSegment, ground_associations
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

EventListener = Callable[[str, Event, int], None]


class LockstepVehicle:
    """One spacecraft with its flight software and its ground, stepped together.

    Args:
        mission_file: what flies.
        spacecraft_file: the simulated spacecraft; None takes the reference mission's.
        seed: master seed of everything random.
        trace: where every message is recorded; a hash only by default.
        listener: told about every event on board.

    Attributes:
        spacecraft: the truth, which nothing on board can see.
        runtime: the flight software.
        ground: the ground segment.
        epoch_tai_ns: TAI at which the vehicle's time is 0.
    """

    def __init__(
        self,
        mission_file: Path,
        spacecraft_file: Path | None,
        seed: int,
        trace: TraceChain | None = None,
        listener: EventListener = lambda _app, _event, _now_ns: None,
    ) -> None:
        self.seed = seed
        self.mission = Mission.load(mission_file)
        self.spacecraft, endpoints = assemble(spacecraft_file, seed, self._image)
        check_devices(self.mission, endpoints)
        antennas = wire_antennas(self.spacecraft)
        self.runtime = LockstepRuntime(
            self.mission, Store(MemoryNvm()), SimPorts(endpoints), trace, listener, self._link_keys(spares=False)
        )
        radios = [SimRadioFrequency(antennas[band], band) for band in (S_BAND, X_BAND)]
        self.epoch_tai_ns = LEAP_SECONDS.utc_to_tai(parse_utc(self.mission.file.time.epoch_utc))
        settings = GroundSettings(
            epoch_tai_ns=self.epoch_tai_ns, random_octets=Random(f"ground security {seed}").randbytes
        )
        self.ground = GroundSegment.of_mission(
            self.mission, radios, settings, ContactPredictor(self.spacecraft.parameters), self._ground_security()
        )
        self.images: dict[int, bytes] = {}

    def _link_keys(self, *, spares: bool) -> MemoryKeySafe:
        """The keys of one end, derived from the seed so that two flights of one seed are alike."""
        plan = key_plan(self.mission.file.links)
        spare_ids = plan.spares if spares else ()
        ring = derive_simulation_keys(self.seed, plan.masters, plan.sessions, spare_ids, plan.session_octets)
        return MemoryKeySafe(ring)

    def _ground_security(self) -> LinkSecurity | None:
        associations = ground_associations(self.mission.file.links)
        if not associations:
            return None
        return LinkSecurity(self._link_keys(spares=True), associations, Store(MemoryNvm()), "ground")

    def start(self) -> None:
        """Boot the flight software, and let physics and ground begin."""
        self.runtime.start()
        self.runtime.every(STEP_NS, PHYSICS_PRIORITY, "physics", self._step_physics)
        self.runtime.every(STEP_NS, GROUND_PRIORITY, "ground", self._step_ground)

    @property
    def now_ns(self) -> int:
        """Vehicle time."""
        return self.runtime.clock.now_ns()

    def run_until(self, end_ns: int) -> None:
        """Let time pass up to ``end_ns``, exclusive."""
        self.runtime.run_until(end_ns)

    def close(self) -> None:
        """End what runs outside this process."""
        self.runtime.close()

    def _step_physics(self) -> None:
        if self.now_ns > self.spacecraft.now_ns:
            bites = self.spacecraft.watchdog.state.bites
            self.spacecraft.step()
            if self.spacecraft.watchdog.state.bites > bites:
                self.runtime.processor_reset(ResetSubtype.WATCHDOG, "the watchdog was not stroked in time")

    def _step_ground(self) -> None:
        self.ground.step(self.now_ns)

    def _image(self, shot: Shot) -> bytes:
        data = image_file(expose(self.seed, shot.target_id, shot.exposure_index))
        self.images[shot.image_id] = data
        return data
