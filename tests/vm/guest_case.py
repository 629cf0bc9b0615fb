"""What the guest's test modules share: its devices, and a daemon to a case."""

import os
import shutil
import subprocess
import unittest

import known_picture
import oriel_host
import vfio
import virtual_machine

SIZE = (640, 480)
# An emulated processor reads the programs and their libraries through 9p first.
START_S = 180
IGD_TYPE = 0x80008086

# Popen's arguments for a process without any right.
NOBODY = {'user': 65534, 'group': 65534, 'extra_groups': []}

programs = {}
_modules_loaded = []


def write(path, text):
  with open(path, 'w', encoding='utf-8') as file:
    file.write(text)


def igd_address():
  for address in os.listdir('/sys/bus/pci/devices'):
    with open(f'/sys/bus/pci/devices/{address}/class', encoding='ascii') as file:
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
       f'opregion_address={virtual_machine.OPREGION_ADDRESS:#x}'], check=True)
  vfio.bind_to_vfio_pci(igd_address())
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


class Case(unittest.TestCase):
  """Cases that start daemons, or share one of setUpClass as cls.host."""

  host = None

  @classmethod
  def mdev(cls, parent_type):
    """A new device for this class; its UUID."""
    uuid = vfio.create_mdev(parent_type)
    cls.addClassCleanup(vfio.remove_mdev, uuid)
    return uuid

  @classmethod
  def share_host(cls, config, *options, **kwargs):
    cls.host = oriel_host.Host(programs)
    cls.addClassCleanup(cls.host.close)
    # Daemons and VMMs of other users have their files here.
    os.chmod(cls.host.folder, 0o777)
    cls.host.start_orield(config, *options, **kwargs)

  def oriel(self, *arguments, host=None):
    host = host or self.host
    done = host.oriel(*arguments, timeout_s=START_S)
    self.assertEqual(done.returncode, 0,
                     f'{arguments}: {done.stderr}\n{host.orield.log()}')
    return done.stdout

  def assert_shows(self, display, picture, host=None):
    """A viewer gets the picture pixel by pixel."""
    host = host or self.host
    path = host.path(f'{display}.png')
    self.oriel('watch', display, '--encoding', 'lossless', '--until-exact',
               '--timeout', '120s', '--output-image', path, host=host)
    self.assertEqual(picture.differences(path), '')


def draw(device, seed, size=SIZE):
  """Draws a picture on the device, as a guest does; the picture."""
  picture = known_picture.Picture(*size, seed=seed)
  device.draw(picture.rows)
  return picture
