#!/usr/bin/env python3
"""Plays a VMM: opens the devices that a command line like QEMU's names, and
does what each line of its standard input asks.

Usage: vmm_player.py -name guest=NAME -device vfio-pci,sysfsdev=PATH...
"""

import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import known_picture
import vfio

# A bus's devices, as QEMU wants them.
_FOLDERS = {'mdev': '/sys/bus/mdev/devices', 'pci': '/sys/bus/pci/devices'}


class Player:
  """What the other end asks for: one method a command."""

  def __init__(self, devices):
    self._names = devices
    self._devices = [vfio.Device(name) for name in devices]

  def open(self, device, group_path):
    """One more, as a hot-plug does."""
    self._devices.append(vfio.Device(device, group_path))

  def open_again(self, device):
    """Another fd of it; the one before, which stays open."""
    opened = self._devices[device]
    old, opened.fd = opened.fd, opened.open_again()
    return old

  def close_fd(self, fd):
    os.close(fd)

  def set_address(self, device, address):
    self._devices[device].set_address(address)

  def draw(self, device, seed, width, height):
    """On a device whose plane is a region."""
    self._devices[device].draw(
        known_picture.Picture(width, height, seed=seed).rows)

  def set_bochs_mode(self, device, seed, width, height, stride):
    """Draws first: the mode shows it at once."""
    if width:
      rows = known_picture.Picture(width, height, seed=seed).rows
      self._devices[device].draw_at(0, rows, stride)
    self._devices[device].set_bochs_mode(width, height, stride)

  def set_memory_decoding(self, device, on):
    self._devices[device].set_memory_decoding(on)

  def close(self, device):
    """As a hot-unplug does; another file gets the fd's number at once."""
    with open('/dev/zero', 'rb') as other:
      closed = self._devices[device]
      os.dup2(other.fileno(), closed.fd)
      os.close(closed.group)
      os.close(closed.container)
    return closed.fd


  def reopen(self, device, count=1, pause_s=0):
    """Closes all of a device and opens it again at once, as when a VM is
    reset to another one; for how many seconds its group was busy each time, 0
    where the first attempt succeeded."""
    name = self._names[device]
    busy_s = []
    for _ in range(count):
      self._devices[device].close()
      busy_s.append(vfio.wait_for_free_group(name, poll_s=0))
      self._devices[device] = vfio.Device(name)
      time.sleep(pause_s)
    return busy_s


class Vmm:
  """The other end; a context manager that kills the player.

  Its user is who owns the groups, as libvirt does it for QEMU.
  """

  def __init__(self, name, devices, user=1001):
    arguments = ['python3', '-B', os.path.realpath(__file__),
                 '-name', f'guest={name}']
    self._user = user
    for device in devices:
      os.chown(vfio.group_file(device), user, user)
      bus = next(bus for bus, folder in _FOLDERS.items()
                 if os.path.exists(os.path.join(folder, device)))
      arguments += ['-device',
                    f'vfio-pci,sysfsdev={_FOLDERS[bus]}/{device},display=off']
    self._devices = devices
    self.popen = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        encoding='utf-8', user=user, group=user, extra_groups=[])
    self.ask('start')

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.kill()
    self.popen.wait()
    for pipe in (self.popen.stdin, self.popen.stdout):
      pipe.close()

  @property
  def pid(self):
    return self.popen.pid

  def kill(self):
    self.popen.send_signal(signal.SIGKILL)

  def ask(self, command, **arguments):
    """What the player's method of that name returns."""
    self.popen.stdin.write(json.dumps([command, arguments]) + '\n')
    self.popen.stdin.flush()
    line = self.popen.stdout.readline()
    if not line:
      raise RuntimeError(f'the VMM ended while it was asked to {command}')
    return json.loads(line)

  def open(self, device, group_path=None):
    """Has it open one more."""
    os.chown(group_path or vfio.group_file(device), self._user, self._user)
    self.ask('open', device=device, group_path=group_path)

  def draw(self, seed, device=0, size=(640, 480)):
    """Has it draw; the picture."""
    self.ask('draw', device=device, seed=seed, width=size[0], height=size[1])
    return known_picture.Picture(*size, seed=seed)

  def set_bochs_mode(self, seed, width, height, stride=0, device=0):
    self.ask('set_bochs_mode', device=device, seed=seed, width=width,
             height=height, stride=stride or 4 * width)
    return known_picture.Picture(width, height, seed=seed) if width else None


def main():
  names = [argument.partition('sysfsdev=')[2].partition(',')[0]
           for argument in sys.argv if 'sysfsdev=' in argument]
  player = Player([os.path.basename(name) for name in names])
  for line in sys.stdin:
    command, arguments = json.loads(line)
    answer = None if command == 'start' else getattr(player, command)(
        **arguments)
    print(json.dumps(answer), flush=True)


if __name__ == '__main__':
  main()
