"""What the guest's test modules share: its devices, and a daemon to a case."""

import os
import shutil
import subprocess
import time
import unittest

import known_picture
import op_regions
import oriel_host
import vfio
import virtual_machine

SIZE = (640, 480)
# An emulated processor reads the programs and their libraries through 9p first.
START_S = 180
IGD_TYPE = 0x80008086
# A PCI function whose driver, vfio_display, gives it a plane in BAR 0.
DISPLAY = f'0000:00:{virtual_machine.DISPLAY_SLOT:02x}.0'

# Popen's arguments for a process without any right.
NOBODY = {'user': 65534, 'group': 65534, 'extra_groups': []}

# Who runs VMs.
VMM_USER = 1001
_BORROW_USER = 1002
_CAPABILITIES = '-all,+sys_ptrace,+dac_read_search'
# In front of oriel-borrow: another user yet, with what it asks for.
AS_BORROW = ('setpriv', f'--reuid={_BORROW_USER}', f'--regid={_BORROW_USER}',
             '--clear-groups', '--no-new-privs', '--inh-caps', _CAPABILITIES,
             '--ambient-caps', _CAPABILITIES, '--bounding-set', _CAPABILITIES)

programs = {}
_modules_loaded = []


def write(path, text):
  with open(path, 'w', encoding='utf-8') as file:
    file.write(text)


def igd_address():
  for address in os.listdir('/sys/bus/pci/devices'):
    path = f'/sys/bus/pci/devices/{address}/class'
    with open(path, encoding='ascii') as file:
      if file.read().startswith('0x0300'):
        return address
  raise FileNotFoundError('no VGA device')


def set_up_guest():
  """Loads the kernel's modules once; every test module's setUpModule."""
  if _modules_loaded:
    return
  for module in ('vfio', 'vfio_iommu_type1', 'mdev', 'vfio_pci'):
    subprocess.run(['modprobe', module], check=True)
  for name in ('mdpy.ko', 'mbochs.ko', 'mbochs_mappable.ko'):
    subprocess.run(['insmod', os.path.join(programs['modules'], name)],
                   check=True)
  subprocess.run(
      ['insmod', os.path.join(programs['modules'], 'igdfake.ko'),
       f'opregion_address={op_regions.address("plain"):#x}'], check=True)
  subprocess.run(
      ['insmod', os.path.join(programs['modules'], 'vfio_display.ko')],
      check=True)
  vfio.bind(igd_address(), 'vfio-pci')
  vfio.bind(DISPLAY, 'vfio-display')
  # From 9p into memory: every start of a program reads it.
  folder = '/run/programs'
  os.makedirs(folder)
  for name, path in programs.items():
    if os.path.isfile(path):
      programs[name] = shutil.copy(path, os.path.join(folder, name))
  _modules_loaded.append(True)


def group_display(name, device):
  return (f'display {{ name: "{name}" group {{ device: "{device}" }} '
          'max_rate_hz: 10 }\n')


def hand_over(host, display, device):
  """Starts orield as a launcher that passes the device on to it."""
  os.set_inheritable(device.fd, True)
  # LISTEN_PID must be the pid of the process that inherits, as of exec.
  launcher = host.path('launcher')
  write(launcher, '#!/bin/sh\n'
        f'exec {device.fd}<&{device.fd} 3<&{device.fd}\n'
        'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=handed-over\n'
        'exec "$@"\n')
  os.chmod(launcher, 0o755)
  write(host.path('oriel.conf'), f'display {{ name: "{display}" '
        'inherited_fd { name: "handed-over" } max_rate_hz: 10 }\n')
  host.orield = host.start(
      'orield', [launcher, programs['orield'], '--config',
                 host.path('oriel.conf'), '--listen', host.server],
      pass_fds=[device.fd])


class Removal:
  """A write to a file of sysfs that returns when nobody has the device."""

  def __init__(self, path, text='1'):
    self._popen = subprocess.Popen(['sh', '-c', f'echo {text} >{path}'])
    self._begin = time.monotonic()

  def done(self):
    return self._popen.poll() is not None

  def wait(self):
    """The seconds that it took."""
    if self._popen.wait(START_S) != 0:
      raise RuntimeError('the removal failed')
    return time.monotonic() - self._begin


class Case(unittest.TestCase):
  """Cases that start daemons, or share one of setUpClass as cls.host."""

  host = None
  borrow = None  # of lend_devices

  @classmethod
  def mdev(cls, parent_type):
    """A new device for this class; its UUID."""
    uuid = vfio.create_mdev(parent_type)
    cls.addClassCleanup(vfio.remove_mdev, uuid)
    return uuid

  @classmethod
  def _make_host(cls):
    cls.host = oriel_host.Host(programs)
    cls.addClassCleanup(cls.host.close)
    # Daemons and VMMs of other users have their files here.
    os.chmod(cls.host.folder, 0o777)

  @classmethod
  def share_host(cls, config, *options, **kwargs):
    cls._make_host()
    cls.host.start_orield(config, *options, **kwargs)

  @classmethod
  def lend_devices(cls):
    """Starts an orield without rights, and what lends it the devices of VMs."""
    cls._make_host()
    socket = cls.host.path('devices.sock')
    cls.host.start_orield(
        f'devices_socket {{ path: "{socket}" mode: 0666 '
        f'user: "{_BORROW_USER}" }}', **NOBODY)
    cls.borrow = cls.host.start(
        'oriel-borrow',
        [*AS_BORROW, programs['oriel-borrow'], '--socket', socket])

  def oriel(self, *arguments, host=None):
    host = host or self.host
    done = host.oriel(*arguments, timeout_s=START_S)
    self.assertEqual(done.returncode, 0,
                     f'{arguments}: {done.stderr}\n{host.orield.log()}')
    return done.stdout

  def start_viewer(self, display):
    """A viewer that watches until its stream ends."""
    viewer = self.host.start(
        f'viewer-of-{display}', [programs['oriel'], 'watch', display,
                                 '--encoding', 'lossless', '--json'],
        env=self.host.environment())
    oriel_host.wait_until(viewer.log, f'update of {display}', [viewer], START_S)
    return viewer

  def assert_ended(self, viewer, reason):
    """The stream ended because there is no device now, and says why."""
    self.assertEqual(viewer.popen.wait(START_S), 4, viewer.log())
    self.assertIn(reason, viewer.log())

  def assert_shows(self, display, picture, host=None):
    """A viewer gets the picture pixel by pixel."""
    host = host or self.host
    path = host.path(f'{display}.png')
    self.oriel('watch', display, '--encoding', 'lossless', '--until-exact',
               '--timeout', '60s', '--output-image', path, host=host)
    self.assertEqual(picture.differences(path), '')


def draw(device, seed, size=SIZE):
  """Draws a picture on the device, as a guest does; the picture."""
  picture = known_picture.Picture(*size, seed=seed)
  device.draw(picture.rows)
  return picture
