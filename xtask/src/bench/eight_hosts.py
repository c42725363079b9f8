"""Brings a network of munet up, pings from every host to every other one, and takes it down."""

import asyncio
import logging
import shutil
import sys
import tempfile
import time

from munet.base import CalledProcessError, Commander
from munet.parser import async_build_topology, get_config

run = Commander.cmd_raises


def run_patiently(self, command, **options):
    """Looks for a child process again if it is not there yet, where munet gives up."""
    while True:
        try:
            return run(self, command, **options)
        except CalledProcessError:
            if "-P" not in command or not command[0].endswith("pgrep"):
                raise
            time.sleep(0.001)


Commander.cmd_raises = run_patiently


async def reach(hosts, name, addresses):
    for other, address in addresses.items():
        if other != name:
            await hosts[name].async_cmd_raises(f"ping -c1 -w5 {address}")


async def main(topology):
    config = get_config(topology)
    directory = tempfile.mkdtemp(prefix="vmt-munet")
    try:
        unet = await async_build_topology(config=config, rundir=directory)
        tasks = await unet.run()
        addresses = {name: f"10.0.0.{name[1:]}" for name in unet.hosts}
        pings = [reach(unet.hosts, name, addresses) for name in addresses]
        await asyncio.gather(*pings)
        await unet.async_delete()
        for task in tasks:
            task.cancel()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


logging.disable(logging.CRITICAL)
asyncio.run(main(sys.argv[1]))
