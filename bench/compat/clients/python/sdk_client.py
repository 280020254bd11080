"""Client of the Python SDK: one JSON command a line on stdin, one JSON answer a line on stdout (see ../../judges.mjs)."""

import asyncio
import json
import sys

from mcp import Client


async def obey(client: Client, command: dict) -> dict:
    tool, arguments = command.get("tool", ""), command.get("arguments", {})
    match command["do"]:
        case "list":
            return {"tools": len((await client.list_tools()).tools)}
        case "call":
            result = await client.call_tool(tool, arguments)
            return {"text": " ".join(getattr(part, "text", "") for part in result.content)}
        case "progress":
            steps = 0

            async def count(*_: object) -> None:
                nonlocal steps
                steps += 1

            await client.call_tool(tool, arguments, progress_callback=count)
            await asyncio.sleep(0.2)  # notifications are handled beside the answer
            return {"steps": steps}
        case "cancel":
            task = asyncio.create_task(client.call_tool(tool, arguments))
            await asyncio.sleep(0.5)
            task.cancel()
            done = await asyncio.gather(task, return_exceptions=True)
            return {"cancelled": isinstance(done[0], BaseException)}
    return {"error": "unknown command"}


async def main() -> None:
    lines = asyncio.get_running_loop()
    async with Client(sys.argv[1]) as client:
        print(json.dumps({"ready": True}), flush=True)
        while line := await lines.run_in_executor(None, sys.stdin.readline):
            try:
                answer = await obey(client, json.loads(line))
            except Exception as error:  # noqa: BLE001 - what a client sees is what is asked for
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)


asyncio.run(main())
