"""A VM in the VM: Debian's unmodified QEMU with guest/ as its system, which
draws on an mdev."""

import json
import os
import re
import signal
import socket
import time

import guest_case
import oriel_host
import vfio

DEVICE_ID = 'vgpu'


def _picture(number, width_px, height_px):
  """What guest.c draws as picture `number`, as rows of RGB."""
  red = bytes((x + number * 16) & 0xff for x in range(width_px))
  rows = []
  for y in range(height_px):
    row = bytearray(3 * width_px)
    row[0::3] = red
    row[1::3] = bytes((x ^ y) & 0xff for x in range(width_px))
    row[2::3] = bytes([(y + number) & 0xff]) * width_px
    rows.append(row)
  rows[0][0:3] = number.to_bytes(3, 'big')
  return b''.join(rows)


def picture_number(picture, width_px, height_px):
  """Which of the guest's pictures these RGB bytes are exactly; None: none of
  them, as while the guest draws."""
  number = int.from_bytes(picture[:3], 'big')
  same = picture == _picture(number, width_px, height_px)
  return number if same else None


class NestedVm:
  """One QEMU process; a context manager that kills it."""

  def __init__(self, system, folder, name, mdev, user=guest_case.VMM_USER):
    """Boots `system`; `folder` is for QEMU's files."""
    os.chown(vfio.group_file(mdev), user, user)
    self._debug_path = os.path.join(folder, f'{name}.debug')
    qmp_path = os.path.join(folder, f'{name}.qmp')
    for path in (self._debug_path, qmp_path):
      if os.path.exists(path):
        os.remove(path)
    self.process = oriel_host.Process(
        name, [
            'qemu-system-x86_64', '-nodefaults', '-no-user-config',
            '-M', 'pc', '-accel', 'tcg', '-m', '16M', '-display', 'none',
            '-vga', 'none', '-name', f'guest={name}', '-kernel', system,
            '-qmp', f'unix:{qmp_path},server=on,wait=off',
            '-chardev', f'file,id=debug,path={self._debug_path}',
            '-device', 'isa-debugcon,chardev=debug,iobase=0xe9',
            '-device', ','.join(f'{key}={value}' for key, value in
                                _device(mdev).items()),
        ], os.path.join(folder, f'{name}.log'), user=user, group=user,
        extra_groups=[])
    self._qmp_path = qmp_path
    self._qmp = None

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.process.kill()

  def kill(self):
    self.process.popen.send_signal(signal.SIGKILL)

  def _pictures(self):
    """Numbers of the pictures drawn so far, and 0 for each device found."""
    try:
      with open(self._debug_path, encoding='ascii') as file:
        return [int(number or 0) for number in
                re.findall(r'^(?:drew (\d+)|found .*)$', file.read(), re.M)]
    except FileNotFoundError:
      return []

  def wait_for_picture(self):
    """Until the guest has drawn on the device that it has now."""
    return oriel_host.wait_until(
        lambda: (self._pictures() or [0])[-1], 'picture of the nested guest',
        [self.process], guest_case.START_S)

  def unplug(self):
    """Hot-unplugs the device, and waits until the guest has let go of it."""
    self._command('device_del', id=DEVICE_ID)
    self._wait_for(lambda message: message.get('event') == 'DEVICE_DELETED' and
                   message['data'].get('device') == DEVICE_ID)

  def plug(self, mdev):
    self._command('device_add', **_device(mdev))

  def _command(self, name, **arguments):
    if not self._qmp:
      self._connect()
    self._send(name, arguments)

  def _connect(self):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(guest_case.START_S)
    deadline = time.monotonic() + guest_case.START_S
    while True:
      try:
        connection.connect(self._qmp_path)
        break
      except (FileNotFoundError, ConnectionRefusedError):
        self.process.check_running()
        if time.monotonic() > deadline:
          raise
        time.sleep(0.1)
    self._qmp = connection.makefile('rw', encoding='utf-8')
    connection.close()
    self._send('qmp_capabilities', {})

  def _send(self, name, arguments):
    self._qmp.write(json.dumps({'execute': name, 'arguments': arguments}))
    self._qmp.flush()
    answer = self._wait_for(lambda m: 'return' in m or 'error' in m)
    if 'error' in answer:
      raise oriel_host.HostError(f'{name}: {answer["error"]}')

  def _wait_for(self, wanted):
    while True:
      line = self._qmp.readline()
      if not line:
        raise oriel_host.HostError(f'QEMU ended:\n{self.process.log()}')
      message = json.loads(line)
      if wanted(message):
        return message


def _device(mdev):
  # display=off: Oriel may ask for dma-bufs then, and QEMU needs no GL.
  return {'driver': 'vfio-pci', 'sysfsdev': f'/sys/bus/mdev/devices/{mdev}',
          'display': 'off', 'id': DEVICE_ID}
