"""Keys of both directions changed over the link itself, requests and replies within protected frames."""

from tests.security.ends import (
    CMAC_KEY,
    CMAC_SPI,
    MASTER,
    SECOND_TC_SPI,
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TC_SPI,
    TM_CHANNEL,
    TM_HEADER,
    TM_SPI,
    ground_associations,
    ready,
    ring,
    tc_association,
)
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.association import Role
from tlm_cmd.sdls.authentication_mask import tm_mask
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_document import pack_key_document
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.management import SecurityManagement
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.replies import InventoryReply, Reply, VerificationReply, unpack_reply
from tlm_cmd.sdls.secret_key import SecretKey

SECOND_TM_SPI = 30
NEW_TC_KEY, NEW_TM_KEY = 200, 201
ASSOCIATIONS = [
    *ground_associations(),
    tc_association(
        spi=SECOND_TM_SPI, role=Role.RECEIVER, channels=(TM_CHANNEL,), header_mask=tm_mask(), key_id=None, window=1000
    ),
]


class Link:
    """Ground and spacecraft; everything between them is a protected frame, and all frames are kept."""

    def __init__(self) -> None:
        self.ground = SecurityManagement(FrameSecurity(ring(), ASSOCIATIONS))
        self.spacecraft = SecurityManagement(FrameSecurity(ring(), [each.mirrored() for each in ASSOCIATIONS]))
        self.up: list[bytes] = []
        self.down: list[bytes] = []

    def refusal(self, request: bytes) -> ProcedureRefusal | None:
        """Send a request up, take the reply down, and return why it was refused."""
        for end in (self.ground, self.spacecraft):
            ready(end.security)
        self.up.append(self.ground.security.protect(TC_CHANNEL, TC_HEADER, request))
        received = self.spacecraft.security.process(TC_CHANNEL, TC_HEADER, self.up[-1])
        assert received.refusal is None
        outcome = self.spacecraft.receive(received.data, received.spi)
        ready(self.spacecraft.security)
        self.down.append(self.spacecraft.security.protect(TM_CHANNEL, TM_HEADER, outcome.reply or b"telemetry"))
        self.answer = self.ground.security.process(TM_CHANNEL, TM_HEADER, self.down[-1])
        assert self.answer.refusal is None
        return outcome.refusal

    def do(self, request: bytes) -> Reply | None:
        """Send a request that must succeed, and return the reply."""
        assert self.refusal(request) is None
        return None if self.answer.data == b"telemetry" else unpack_reply(self.answer.data)[1]

    def do_both(self, *requests_: bytes) -> None:
        """Have requests done by the spacecraft, and then by the ground itself."""
        for request in requests_:
            self.do(request)
            outcome = self.ground.apply(request)
            assert outcome.refusal is None, outcome.reason


def test_keys_of_both_directions_are_changed() -> None:
    """New keys come up, are proved, activated and used; the old ones are destroyed, and no frame of theirs is taken."""
    link = Link()
    assert link.ground.security.sender_parameters(TC_CHANNEL) is not None
    new = [(NEW_TC_KEY, SecretKey(b"n" * 32)), (NEW_TM_KEY, SecretKey(b"m" * 32))]
    link.ground.security.table.ring.store(new)
    link.do(requests.transport_keys(link.ground.security.table.ring, MASTER, [NEW_TC_KEY, NEW_TM_KEY], bytes(12)))

    challenges = [KeyChallenge(key_id, bytes([key_id]) * 16) for key_id, _ in new]
    reply = link.do(requests.verify_keys(challenges))
    assert isinstance(reply, VerificationReply)
    proofs = zip(reply.answers, challenges, new, strict=True)
    assert all(answer.proves(challenge, key) for answer, challenge, (_, key) in proofs)

    by_spi = {each.spi: each for each in ASSOCIATIONS}
    link.do_both(
        requests.activate_keys([NEW_TC_KEY, NEW_TM_KEY]),
        requests.rekey(by_spi[SECOND_TC_SPI], NEW_TC_KEY),
        requests.rekey(by_spi[SECOND_TM_SPI], NEW_TM_KEY),
        requests.start(SECOND_TC_SPI),
    )
    # The ground listens to the new association before the spacecraft sends through it.
    assert link.ground.apply(requests.start(SECOND_TM_SPI)).refusal is None
    link.do(requests.start(SECOND_TM_SPI))
    link.do(requests.ping())
    assert (link.up[-1][:2], link.down[-1][:2]) == (b"\0\x02", b"\0\x1e")

    assert link.refusal(requests.stop(SECOND_TC_SPI)) is ProcedureRefusal.OWN_CARRIER
    link.do_both(
        requests.stop(TC_SPI),
        requests.stop(CMAC_SPI),
        requests.stop(TM_SPI),
        requests.expire(TC_SPI),
        requests.deactivate_keys([TC_KEY, CMAC_KEY]),
        requests.destroy_keys([TC_KEY, CMAC_KEY]),
    )
    inventory = link.do(requests.key_inventory(TC_KEY, NEW_TM_KEY))
    assert isinstance(inventory, InventoryReply)
    assert dict(inventory.states)[TC_KEY] is dict(inventory.states)[CMAC_KEY] is KeyState.DESTROYED
    assert pack_key_document(link.ground.security.table.ring) == pack_key_document(link.spacecraft.security.table.ring)

    accepted = link.spacecraft.security.state.counters.accepted
    for octets in link.up:
        found = link.spacecraft.security.process(TC_CHANNEL, TC_HEADER, octets).refusal
        assert found in {ProcessRefusal.NOT_OPERATIONAL, ProcessRefusal.REPLAYED}
    assert link.spacecraft.security.state.counters.accepted == accepted


def test_an_old_key_that_comes_back_opens_no_old_frame() -> None:
    """An association that goes back to an earlier key goes on where that key was: what it has taken stays taken."""
    link = Link()
    for end in (link.ground, link.spacecraft):
        assert end.apply(requests.stop(CMAC_SPI)).refusal is None
    link.do(requests.ping())
    old = link.up[-1]
    for end in (link.ground, link.spacecraft):
        for request in (
            requests.stop(TC_SPI),
            requests.expire(TC_SPI),
            requests.rekey(tc_association(), TC_KEY, 2000),
            requests.start(TC_SPI),
        ):
            assert end.apply(request).refusal is None
    assert link.spacecraft.security.process(TC_CHANNEL, TC_HEADER, old).refusal is ProcessRefusal.REPLAYED
    link.do(requests.ping())
    assert link.up[-1][:2] == old[:2] == b"\0\1"
