import hashlib

import msgspec

from bus_sim.random_streams import RandomStreams, StreamState, stream_seed


def test_seed_is_the_first_64_bits_of_a_hash() -> None:
    """The seed of a stream depends on master seed and name alone, by SHA-256."""
    assert stream_seed(7, "gps") == int.from_bytes(hashlib.sha256(b"7/gps").digest()[:8], "big")
    assert stream_seed(7, "gps") != stream_seed(7, "body") != stream_seed(8, "body")


def test_another_model_shifts_no_numbers() -> None:
    """A model draws the same numbers whether or not other models draw."""
    alone, together = RandomStreams(3), RandomStreams(3)
    together.stream("new").random()
    assert [alone.stream("gps").random() for _ in range(5)] == [together.stream("gps").random() for _ in range(5)]


def test_restored_streams_continue() -> None:
    """A stream put back by a document draws what it would have drawn, also the second half of a Gaussian pair."""
    streams = RandomStreams(3)
    stream = streams.stream("gps")
    stream.gauss(0.0, 1.0)
    document = msgspec.msgpack.encode(streams.snapshot())
    expected = [stream.gauss(0.0, 1.0) for _ in range(3)]
    streams.restore(msgspec.msgpack.decode(document, type=dict[str, StreamState]))
    assert [stream.gauss(0.0, 1.0) for _ in range(3)] == expected


def test_manifest_names_every_stream_in_use() -> None:
    """The manifest lists the seeds by name, in the order of names."""
    streams = RandomStreams(3)
    streams.stream("b")
    streams.stream("a")
    assert list(streams.manifest().items()) == [("a", stream_seed(3, "a")), ("b", stream_seed(3, "b"))]
