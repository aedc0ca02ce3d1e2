"""The mail of the demo, as the node's configuration expects it."""

import asyncio
import zlib
from email import message_from_bytes
from email.policy import default

import pytest

from channels.mail.origin import upstream
from config.load import load
from demo.command import CONFIGURATION
from demo.letter import HEIGHT, MAIL_SERVER, PICTURE_NAME, TO, WIDTH, letter, picture, send
from demo.site import MAIL_ADDRESS
from domain.proof import Proof
from store.media_type import media_type_of


def test_the_picture_is_a_png_of_its_size() -> None:
    png = picture()
    assert media_type_of(png, png[-64:], claimed="image/png") == "image/png"
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (WIDTH, HEIGHT)
    place, pixels, kinds = 8, b"", []
    while place < len(png):
        size = int.from_bytes(png[place : place + 4])
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
        assert zlib.crc32(kind + content) == int.from_bytes(png[place + 8 + size :][:4])
        kinds.append(kind)
        pixels += content if kind == b"IDAT" else b""
        place += 12 + size
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(pixels)) == HEIGHT * (1 + WIDTH)


def test_the_mail_carries_the_picture_and_proves_its_sender() -> None:
    mail = message_from_bytes(letter("Here it is.\n").as_bytes(), policy=default)
    (part,) = mail.iter_attachments()
    assert (part.get_filename(), part.get_content()) == (PICTURE_NAME, picture())
    said = upstream(mail["Authentication-Results"], MAIL_SERVER, MAIL_ADDRESS.rpartition("@")[2])
    assert said is not None
    assert said.proof() is Proof.PROVED
    assert mail.keys()[0] == "Authentication-Results", "only the topmost is believed"


def test_the_configuration_takes_it_and_believes_the_mail_server() -> None:
    mail = load(CONFIGURATION, look_up_secrets=False).configuration.mail
    assert [address for box in mail.boxes for address in box.addresses] == [TO]
    assert mail.receive.authserv_id == MAIL_SERVER


async def test_a_mail_that_is_not_taken_is_an_error() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 not here\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        where = server.sockets[0].getsockname()
        with pytest.raises(OSError, match="not here"):
            await asyncio.to_thread(send, where, letter("Here it is.\n"))
