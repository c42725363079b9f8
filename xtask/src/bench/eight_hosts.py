"""Brings a network of munet up, pings from every host to every other one, and takes it down."""

import asyncio
import logging
import shutil
import sys
import tempfile

from munet.parser import async_build_topology, get_config


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
