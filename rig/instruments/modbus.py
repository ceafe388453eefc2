"""Modbus RTU as a master: frames, CRC, and the trouble that its replies carry no number.

Source: Eurotherm Series 2000 Modbus and EI-Bisynch Digital Communications Handbook, HA026230. In short:

    request  address function data CRC      reply  the same address and function, data, CRC (low byte first)
    03       register count                 byte count, words
    06       register word                  echo
    08       0000 word                      echo
    16       register count bytes words     register count
    refused  function + 80h, code           02 illegal address, 03 illegal value; a damaged request gets no reply

A reply tells neither register nor moment, so one that comes too late could be taken for the answer to the next
question. After every attempt without a good reply the master therefore asks nothing before a loopback (08) with a
number of its own has come back, or before the wire was silent for the deadlines of all attempts: replies come in order,
so nothing older can follow. Writes need no such care, their replies name register and value.
"""

from __future__ import annotations

from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import Port

READ, WRITE_WORD, LOOPBACK, WRITE_WORDS = 3, 6, 8, 16
FLOAT_AREA = 0x8000
"""Where the IEEE region begins: its address is this plus twice the register."""

CODES = {
    1: "it does not know this function",
    2: "illegal address (02)",
    3: "illegal value (03)",
}


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def crc(data: bytes) -> int:
    """CRC-16/Modbus of the bytes; 0 over a whole intact frame."""
    value = 0xFFFF
    table = _TABLE
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value


def frame(body: bytes) -> bytes:
    """Address, function and data with the CRC behind them."""
    return body + crc(body).to_bytes(2, "little")


def read_request(address: int, register: int, count: int) -> bytes:
    """Function 03: so many words from a register on."""
    return frame(bytes((address, READ)) + register.to_bytes(2, "big") + count.to_bytes(2, "big"))


def word_request(address: int, register: int, value: int) -> bytes:
    """Function 06: one word; negative values in two's complement."""
    return frame(
        bytes((address, WRITE_WORD)) + register.to_bytes(2, "big") + (value & 0xFFFF).to_bytes(2, "big")
    )


def words_request(address: int, register: int, words: bytes) -> bytes:
    """Function 16: words (two bytes each, high byte first) from a register on."""
    count = len(words) // 2
    head = bytes((address, WRITE_WORDS)) + register.to_bytes(2, "big") + count.to_bytes(2, "big")
    return frame(head + bytes((len(words),)) + words)


def loopback_request(address: int, token: int) -> bytes:
    """Function 08, sub-function 0: echoed as it is."""
    return frame(bytes((address, LOOPBACK, 0, 0)) + token.to_bytes(2, "big"))


class Modbus:
    """The master's end towards one instrument. Every method may raise an InstrumentError.

    urgent: an "off" is being sent; nothing is given up for another one that waits.
    """

    def __init__(self, name: str, port: Port, address: int) -> None:
        self.name = name
        self.address = address
        self.urgent = False
        self._port = port
        self._token = 0
        self._unsettled = False
        self._requests: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    def read(self, register: int, count: int, what: str, *, quick: bool = False) -> bytes:
        """`count` words from a register on, as bytes.

        quick: for polls, a whole reply is taken in one go; a refusal is then noticed only after the deadline.
        """
        if self._unsettled:
            self._settle(what)
        key = (register, count)
        found = self._requests.get(key)
        if found is None:
            head = bytes((self.address, READ, 2 * count))
            found = self._requests[key] = read_request(self.address, register, count), head
        request, head = found
        return self._ask(request, head, 5 + 2 * count, what, quick)[3:-2]

    def write_word(self, register: int, value: int, what: str) -> None:
        """One word by function 06, confirmed by its echo."""
        request = word_request(self.address, register, value)
        self._ask(request, request[:6], 8, what, False)

    def write_words(self, register: int, words: bytes, what: str) -> None:
        """Words by function 16. A confirmation does not say that they were kept: read them back."""
        request = words_request(self.address, register, words)
        self._ask(request, request[:6], 8, what, False)

    # One question, its attempts, and what may come instead of the answer

    def check_preempted(self, what: str) -> None:
        """Raise Preempted if an "off" waits for this line and this is not one."""
        if not self.urgent and self._port.off_waiting():
            raise Preempted(f"{self.name}: {what}: given up, an off is waiting for this line")

    def _ask(self, request: bytes, head: bytes, length: int, what: str, quick: bool) -> bytes:
        port = self._port
        got = b""
        for attempt in range(port.attempts):
            if attempt:
                self.check_preempted(what)
            port.discard_input()
            port.write(request)
            got = port.read(length if quick else 5)
            if len(got) != length or not got.startswith(head) or crc(got):
                got, reply = self._hunt(got, head, length)
                if reply is None:
                    self._unsettled = True
                    continue
                if len(reply) == 5 and reply[1] & 0x80:
                    code = CODES.get(reply[2], f"code {reply[2]}")
                    raise Refused(f"{self.name}: {what}: the controller refused: {code}")
                return reply
            return got
        raise self._fail(got, what)

    def _hunt(self, got: bytes, head: bytes, length: int) -> tuple[bytes, bytes | None]:
        """All that came, and the intact reply or refusal in it; frames that do not fit are passed over."""
        refused = bytes((head[0], head[1] | 0x80))
        while True:
            start = got.find(head[:1])
            while start >= 0:
                if got.startswith(head, start) and len(got) >= start + length:
                    reply = got[start : start + length]
                    if not crc(reply):
                        return got, reply
                if got.startswith(refused, start) and len(got) >= start + 5:
                    reply = got[start : start + 5]
                    if not crc(reply):
                        return got, reply
                start = got.find(head[:1], start + 1)
            more = self._port.read(length - len(got) if got.startswith(head) and len(got) < length else 1)
            if not more:
                return got, None
            got += more

    def _fail(self, got: bytes, what: str) -> InstrumentError:
        port = self._port
        tries = f"{port.attempts} attempt{'s' if port.attempts != 1 else ''}"
        if not got:
            return NoReply(f"{self.name}: {what}: no reply within {port.deadline_s:g} s, {tries}")
        return BadReply(
            f"{self.name}: {what}: reply damaged, not complete or not meant for us: {got.hex(' ')}, {tries}"
        )

    def _settle(self, what: str) -> None:
        """Wait until no reply to an earlier question can come any more. Raises when they cannot be told apart."""
        port = self._port
        got, heard = b"", False
        for attempt in range(port.attempts):
            if attempt:
                self.check_preempted(what)
            self._token = (self._token + 1) & 0xFFFF
            request = loopback_request(self.address, self._token)
            port.discard_input()
            port.write(request)
            got = port.read(8)
            while not got.endswith(request):
                more = port.read(1)
                if not more:
                    break
                got += more
            else:
                self._unsettled = False
                return
            heard = heard or bool(got)
        if not heard:
            self._unsettled = False  # silence: also the answer of an instrument that knows no loopback
            # An "off" has waited for the last attempt, and waits for no question more.
            self.check_preempted(what)
            return
        raise BadReply(
            f"{self.name}: {what}: not asked, replies come late or damaged: {got.hex(' ')} instead of the echo"
        )
