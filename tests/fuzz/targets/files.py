"""Files that come from elsewhere, and messages of devices: images, masks, table images, framing."""

from __future__ import annotations

from functools import partial
from random import Random

from flightsw.devices import attitude_control, camera, eps, mass_memory, radio
from flightsw.devices.framing import NOTHING, pack_reply, pack_request, unpack_reply, unpack_request
from flightsw.services.tables.content import TableError
from flightsw.services.tables.image_file import HEADER_OCTETS as TABLE_HEADER_OCTETS
from flightsw.services.tables.image_file import TableImage
from tests.fuzz.mutation import Field
from tests.fuzz.payloads import draw_payload
from tests.fuzz.repairs import file_crc, frame_crc
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.packets.crc import crc32
from tlm_cmd.products import image_file, mask_file
from tlm_cmd.products.flags import ProductFlag

_OPERATIONS = (
    attitude_control.GET_ATTITUDE,
    attitude_control.GET_GPS,
    camera.GET_STATUS,
    eps.GET_STATUS,
    mass_memory.LIST_FILES,
    mass_memory.READ_CHUNK,
    radio.FETCH_FRAMES,
)


class ImageTarget(MutatedTarget):
    """`parse_image`: what is accepted packs to the same octets."""

    name = "image_file"
    reaches = frozenset({ACCEPTED, "ChecksumError image file", "FieldRangeError image bands"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = [self._image(chance) for _ in range(20)]
        fields = (*(Field(at, 1) for at in range(4, 8)), Field(8, 2), Field(10, 2), Field(12, 2), Field(14, 4))
        super().__init__(chance, corpus, fields, (partial(file_crc, at=image_file.HEADER_OCTETS - 4),))

    def _image(self, chance: Random) -> bytes:
        header = image_file.ImageHeader(
            target_id=chance.randrange(99),
            exposure_index=chance.randrange(99),
            bands=chance.randint(1, 3),
            height=chance.randint(1, 6),
            width=chance.randint(1, 6),
            scale=10_000,
            sample_type=chance.choice(list(image_file.SampleType)),
            flags=ProductFlag(0),
        )
        return image_file.pack_image(header, chance.randbytes(header.pixel_octets))

    def run(self, case: bytes) -> str:
        """Read an image."""
        header, pixels = image_file.parse_image(case)
        promise(image_file.pack_image(header, pixels) == case, what="the image packs to other octets")
        return ACCEPTED


class MaskTarget(MutatedTarget):
    """`parse_mask`: what is accepted comes back when packed."""

    name = "mask_file"
    reaches = frozenset({ACCEPTED, "ChecksumError mask file", "CompressionError mask classes"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = [self._mask(chance) for _ in range(20)]
        fields = (
            *(Field(at, 1) for at in range(4, 6)),
            Field(6, 2),
            Field(8, 2),
            Field(18, 2),
            Field(28, 1),
            Field(29, 4),
        )
        super().__init__(chance, corpus, fields, (partial(file_crc, at=mask_file.HEADER_OCTETS - 4),))

    def _mask(self, chance: Random) -> bytes:
        height, width = chance.randint(1, 12), chance.randint(1, 12)
        product = mask_file.MaskProduct(
            target_id=chance.randrange(99),
            scene_id=chance.randrange(99),
            model_version=chance.choice(("", "v1", "unet-3")),
            height=height,
            width=width,
            classes=bytes(chance.choices((0, 1, 2), k=height * width)),
            green_fraction=chance.choice((None, 0.25)),
        )
        return mask_file.pack_mask(product)

    def run(self, case: bytes) -> str:
        """Read a mask."""
        product = mask_file.parse_mask(case)
        promise(len(product.classes) == product.height * product.width, what="pixels that are missing")
        return ACCEPTED


class TableImageTarget(MutatedTarget):
    """`TableImage.unpack`: what is accepted packs to the same octets, names aside that were filled up."""

    name = "table_image"
    declared = (TableError,)
    reaches = frozenset({ACCEPTED, "TableError"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(20):
            image = chance.randbytes(chance.choice((1, 30, 200)))
            start = chance.randrange(len(image))
            part = image[start:]
            table = TableImage("power", "limits", chance.randbytes(8), len(image), crc32(image), start, part)
            corpus.append(table.pack())
        fields = (Field(4, 1), Field(8, 2), Field(40, 2), Field(80, 4), Field(84, 4), Field(88, 4), Field(92, 4))
        super().__init__(chance, corpus, fields, (partial(file_crc, at=TABLE_HEADER_OCTETS - 4),))

    def run(self, case: bytes) -> str:
        """Read an image file."""
        table = TableImage.unpack(case, "fuzz")
        promise(TableImage.unpack(table.pack(), "again") == table, what="another image when packed and read again")
        return ACCEPTED


class DeviceTarget(MutatedTarget):
    """Requests and replies of devices, and the payloads of replies."""

    name = "device_messages"
    reaches = frozenset({"request", "reply", "LengthMismatchError device reply", "ChecksumError device request"})

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(60):
            number = chance.randrange(len(_OPERATIONS))
            operation = _OPERATIONS[number]
            payload = draw_payload(layout_of(operation.reply), chance)
            corpus.append(bytes([number]) + pack_reply(operation.opcode, chance.randrange(256), 0, payload))
            corpus.append(b"\xff" + pack_request(operation.opcode, chance.randrange(256), chance.randbytes(4)))
        fields = (Field(1, 1), Field(3, 1), Field(4, 2), Field(3, 2), Field(6, 1), Field(7, 1))
        super().__init__(chance, corpus, fields, (self._length, self._crc))

    def _crc(self, octets: bytes) -> bytes:
        return octets[:1] + frame_crc(octets[1:])

    def _length(self, octets: bytes) -> bytes:
        at, overhead = (4, 8) if octets[:1] != b"\xff" else (3, 7)
        length = len(octets) - overhead
        return octets[:at] + length.to_bytes(2, "big") + octets[at + 2 :] if 0 <= length <= 0xFFFF else octets

    def run(self, case: bytes) -> str:
        """Read a message; the first octet says which."""
        number, octets = (case[0], case[1:]) if case else (0, b"")
        if number >= len(_OPERATIONS):
            opcode, sequence, payload = unpack_request(octets)
            promise(pack_request(opcode, sequence, payload) == octets, what="the request packs to other octets")
            return "request"
        opcode, sequence, status, payload = unpack_reply(octets)
        promise(pack_reply(opcode, sequence, status, payload) == octets, what="the reply packs to other octets")
        operation = _OPERATIONS[number]
        message = operation.decode(payload)
        promise(message != NOTHING, what="nothing where something must be")
        return "reply"


TARGETS: tuple[type[Target], ...] = (ImageTarget, MaskTarget, TableImageTarget, DeviceTarget)
