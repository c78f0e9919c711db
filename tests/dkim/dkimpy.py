"""What dkimpy says of signatures. On standard input {"zone": {name: record}, "messages": [base64, ...]};
on standard output, for each message, how many signatures there are and how many verify: [[there, good], ...]."""

import base64
import json
import sys

import dkim

asked = json.load(sys.stdin)


def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    record = asked["zone"].get(name.rstrip("."))
    return record.encode() if record else None


def verifies(message, index):
    try:
        return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=txt))
    except dkim.DKIMException:
        return False


def verdict(message):
    header = message.split(b"\r\n\r\n", 1)[0].lower()
    there = sum(line.startswith(b"dkim-signature:") for line in header.split(b"\r\n"))
    return [there, sum(verifies(message, index) for index in range(there))]


json.dump([verdict(base64.b64decode(message)) for message in asked["messages"]], sys.stdout)
