"""A patient monitor in Python, as a ward has it: follows one patient and prints what each handler is given.

Usage: ward_monitor.py URI — one line of JSON for each message, until the connection ends.
"""
import asyncio
import json
import sys

import websockets


def tell(handler, given):
    print(json.dumps({"handler": handler, "given": given}), flush=True)


async def monitor(uri):
    async with websockets.connect(uri) as websocket:
        tell("open", None)
        async for message in websocket:
            data = json.loads(message)
            if data["type"] == "vitals_update":
                tell("vitals", data["data"])
            elif data["type"] == "patient_alert":
                tell("alert", data["data"])
            elif data["type"] == "ping":
                await websocket.send(json.dumps({"type": "pong"}))


asyncio.run(monitor(sys.argv[1]))
