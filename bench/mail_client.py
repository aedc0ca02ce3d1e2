"""Who sends the mails of `bench.mail_receive`: a process of its own that loads nothing else.

`python -m bench.mail_client PORT` prints how long all took, and each of them.
"""

import asyncio
import json as json_format
import sys
import time
from typing import Any, Final

MAILS: Final = 300
CONNECTIONS: Final = 8
MAIL_BYTES: Final = 10_000


async def client(port: int) -> None:
    """Send the mails and print the figures."""
    numbers = iter(range(MAILS))
    times: list[float] = []
    begin = time.perf_counter()
    await asyncio.gather(*(_connection(port, numbers, times) for _ in range(CONNECTIONS)))
    figures = {"took_s": time.perf_counter() - begin, "times_s": times}
    sys.stdout.write(json_format.dumps(figures))


async def _connection(port: int, numbers: Any, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await _say(reader, writer, b"EHLO bench.example.com\r\n")
    for number in numbers:
        begin = time.perf_counter()
        for line in (
            b"MAIL FROM:<c%d@example.com>\r\n" % number,
            b"RCPT TO:<support@example.org>\r\n",
            b"DATA\r\n",
        ):
            await _say(reader, writer, line)
        answer = await _say(reader, writer, _mail(number))
        assert answer.startswith(b"250"), answer
        times.append(time.perf_counter() - begin)
    writer.close()


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    while True:
        answer = await reader.readline()
        if answer[3:4] != b"-":
            return answer


def _mail(number: int) -> bytes:
    line = "It has not come yet, and nobody could say where it is by now.\r\n"
    # Every third answers an earlier one, by its thread.
    thread = f"In-Reply-To: <{number - 1}@example.com>\r\n" if number % 3 == 2 else ""
    header = (
        f"From: c{number}@example.com\r\nTo: support@example.org\r\nSubject: Parcel {number}\r\n"
        f"Message-ID: <{number}@example.com>\r\n{thread}\r\n"
    )
    text = line * ((MAIL_BYTES - len(header)) // len(line))
    return f"{header}{text}.\r\n".encode()


if __name__ == "__main__":
    asyncio.run(client(int(sys.argv[1])))
