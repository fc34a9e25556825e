"""Our CLTUs against those of the generator in Yamcs, in a Java process of its own."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tlm_cmd.coding.cltu import encode_cltu
from tlm_cmd.coding.cltu_receiver import CltuReceiver

bundle = pytest.importorskip("fprime_yamcs_bundle")
java = shutil.which("java")
pytestmark = pytest.mark.skipif(java is None, reason="there is no Java")

PEER = """
import java.util.HexFormat;
import java.util.Scanner;
import org.yamcs.tctm.ccsds.error.BchCltuGenerator;

public class Peer {
    public static void main(String[] arguments) {
        var generator = new BchCltuGenerator();
        var lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            var frame = HexFormat.of().parseHex(lines.nextLine());
            System.out.println(HexFormat.of().formatHex(generator.makeCltu(frame, false)));
        }
    }
}
"""


def test_same_cltus(tmp_path: Path) -> None:
    """Frames of every length from one octet to the longest give the same CLTUs, and come back out of them."""
    chance = random.Random(8)
    frames = [chance.randbytes(octets) for octets in (*range(1, 60), 255, 256, 1023, 1024)]
    (jar,) = (Path(bundle.__file__).parent / "lib").glob("yamcs-core-*.jar")
    source = tmp_path / "Peer.java"
    source.write_text(PEER)
    assert java is not None
    done = subprocess.run(
        [java, "-cp", str(jar), str(source)],
        input="\n".join(frame.hex() for frame in frames),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    cltus = [bytes.fromhex(line) for line in done.stdout.split()]
    assert cltus == [encode_cltu(frame) for frame in frames]
    received = CltuReceiver().feed(b"".join(cltus))
    assert [cltu.octets[: len(frame)] for cltu, frame in zip(received, frames, strict=True)] == frames
