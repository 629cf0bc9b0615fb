"""What is checked inside the guest, as root, with real VFIO devices.

Usage: guest_tests.py PROGRAMS.json TEST.xml
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(os.path.dirname(HERE)), 'tools')]

import case_results
import known_picture
import oriel_host
import vfio
import virtual_machine

MDPY = '11111111-0000-4000-8000-000000000001'
MDPY_HANDED_OVER = '11111111-0000-4000-8000-000000000002'
MBOCHS = '22222222-0000-4000-8000-000000000001'
IGD_TYPE = 0x80008086
SIZE = (640, 480)
# An emulated processor reads a file of 20 MB through 9p first.
START_S = 180

programs = {}


def write(path, text):
  with open(path, 'w', encoding='utf-8') as file:
    file.write(text)


def igd_address():
  for address in os.listdir('/sys/bus/pci/devices'):
    with open(f'/sys/bus/pci/devices/{address}/class', encoding='ascii') as file:
      if file.read().startswith('0x0300'):
        return address
  raise FileNotFoundError('no VGA device')


def setUpModule():
  for module in ('vfio', 'vfio_iommu_type1', 'mdev', 'vfio_pci'):
    subprocess.run(['modprobe', module], check=True)
  for name in ('mdpy.ko', 'mbochs.ko'):
    subprocess.run(['insmod', os.path.join(programs['modules'], name)],
                   check=True)
  subprocess.run(
      ['insmod', os.path.join(programs['modules'], 'igdfake.ko'),
       f'opregion_address={virtual_machine.OPREGION_ADDRESS:#x}'], check=True)
  vfio.create_mdev('mdpy-vga', MDPY)
  vfio.create_mdev('mdpy-vga', MDPY_HANDED_OVER)
  vfio.create_mdev('mbochs-small', MBOCHS)
  address = igd_address()
  write(f'/sys/bus/pci/devices/{address}/driver_override', 'vfio-pci')
  write('/sys/bus/pci/drivers_probe', address)


def group_display(name, device):
  return (f'display {{ name: "{name}" group {{ device: "{device}" }} '
          'max_rate_hz: 10 }\n')


class Case(unittest.TestCase):

  def start_host(self, config, **kwargs):
    host = oriel_host.Host(programs)
    self.addCleanup(host.close)
    host.start_orield(config, **kwargs)
    return host

  def oriel(self, host, *arguments):
    done = host.oriel(*arguments, timeout_s=START_S)
    self.assertEqual(done.returncode, 0,
                     f'{arguments}: {done.stderr}\n{host.orield.log()}')
    return done.stdout


class MdpyByGroup(Case):
  """One daemon for all cases: starting one takes long here."""

  @classmethod
  def setUpClass(cls):
    cls.picture = known_picture.Picture(*SIZE, seed=1)
    with vfio.Device(MDPY) as device:
      cls.region_count = device.region_count()
      cls.plane = device.plane()
      device.draw(cls.picture.rows)
    cls.host = oriel_host.Host(programs)
    cls.host.start_orield(group_display('vgpu', MDPY))
    try:
      cls.host.wait_for_state('vgpu', 'ready', START_S)
    except oriel_host.HostError:
      cls.host.close()
      raise

  @classmethod
  def tearDownClass(cls):
    cls.host.close()

  def test_plane_query_finds_a_region_beyond_num_regions(self):
    fourcc, width, height, _, index = self.plane
    self.assertEqual((fourcc, width, height, index), ('XR24', *SIZE, 16))
    self.assertLess(self.region_count, 17)
    shown = self.oriel(self.host, 'show', 'vgpu')
    self.assertRegex(shown, r'region 16\b')
    self.assertIn('640x480', shown)
    self.assertIn('XR24', shown)

  def test_snapshot_is_pixel_exact(self):
    path = self.host.path('snapshot.png')
    self.oriel(self.host, 'snapshot', 'vgpu', '--output', path)
    self.assertEqual(self.picture.differences(path), '')

  def test_lossless_watch_ends_exact(self):
    path = self.host.path('watch.png')
    self.oriel(self.host, 'watch', 'vgpu', '--encoding', 'lossless',
               '--until-exact', '--timeout', '120s',
               '--output-image', path)
    self.assertEqual(self.picture.differences(path), '')

  def test_recording_has_at_least_35_db(self):
    path = self.host.path('recording.mp4')
    self.oriel(self.host, 'record', 'vgpu', '--output', path,
               '--duration', '3s')
    psnr = self.picture.psnr_db(path, self.host.path('frame.rgb'))
    self.assertGreaterEqual(psnr, 35.0)


class MdpyHandedOver(Case):
  """The VMM keeps its device, and draws; Oriel gets a copy of the fd."""

  def test_what_the_vmm_draws_meanwhile_arrives_exactly(self):
    config = ('display { name: "vgpu" inherited_fd { name: "vgpu" } '
              'max_rate_hz: 10 }\n')
    with vfio.Device(MDPY_HANDED_OVER) as device:
      os.set_inheritable(device.fd, True)
      host = oriel_host.Host(programs)
      self.addCleanup(host.close)
      # LISTEN_PID must be the pid of the process that inherits, as of exec.
      launcher = host.path('launcher')
      write(launcher, '#!/bin/sh\n'
            f'exec {device.fd}<&{device.fd} 3<&{device.fd}\n'
            'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=vgpu\n'
            'exec "$@"\n')
      os.chmod(launcher, 0o755)
      write(host.path('oriel.conf'), config)
      host.orield = host.start(
          'orield', [launcher, programs['orield'], '--config',
                     host.path('oriel.conf'), '--listen', host.server],
          pass_fds=[device.fd])
      host.wait_for_state('vgpu', 'ready', START_S)
      for seed in (2, 3):
        picture = known_picture.Picture(*SIZE, seed=seed)
        device.draw(picture.rows)
        path = host.path(f'{seed}.png')
        self.oriel(host, 'watch', 'vgpu', '--encoding', 'lossless',
                   '--until-exact', '--timeout', '120s',
               '--output-image', path)
        self.assertEqual(picture.differences(path), '')


class RefusedDevices(Case):

  def test_a_busy_group_names_its_holder(self):
    with vfio.Device(MDPY_HANDED_OVER):
      host = self.start_host(group_display('busy', MDPY_HANDED_OVER))
      host.wait_for_state('busy', 'unavailable', START_S)
      shown = self.oriel(host, 'show', 'busy')
    self.assertIn(vfio.group_file(MDPY_HANDED_OVER), shown)
    self.assertIn('python3', shown)
    self.assertIn(str(os.getpid()), shown)

  def test_without_permission_the_file_is_named(self):
    folder = '/run/unprivileged'
    os.makedirs(folder)
    orield = shutil.copy(programs['orield'], folder)
    os.chmod(folder, 0o777)
    host = oriel_host.Host(dict(programs, orield=orield))
    self.addCleanup(host.close)
    os.chmod(host.folder, 0o777)
    host.start_orield(group_display('locked', MDPY_HANDED_OVER), user=65534)
    host.wait_for_state('locked', 'unavailable', START_S)
    shown = self.oriel(host, 'show', 'locked')
    self.assertIn(vfio.group_file(MDPY_HANDED_OVER), shown)
    self.assertRegex(shown.lower(), 'permission')


class RegionsByType(Case):

  def find(self, device, region_type, subtype):
    done = subprocess.run(
        [programs['find_region'], device, str(region_type), str(subtype)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
        timeout=START_S)
    self.assertEqual(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)

  def test_edid_region_of_mbochs(self):
    region = self.find(MBOCHS, 1, 1)
    self.assertEqual(region['index'], 9)
    self.assertFalse(region['mappable'])
    # edid_offset and edid_max_size as the driver has them.
    self.assertTrue(region['head'].startswith('0008000000040000'), region)

  def test_opregion_of_vfio_pci(self):
    region = self.find(igd_address(), IGD_TYPE, 1)
    self.assertEqual(region['size_bytes'], 8192)
    self.assertFalse(region['mappable'])
    self.assertEqual(bytes.fromhex(region['head']),
                     virtual_machine.opregion()[:32])

  def test_host_bridge_of_vfio_pci(self):
    # Intel's 82G33 memory controller, which QEMU's q35 has.
    region = self.find(igd_address(), IGD_TYPE, 2)
    self.assertTrue(region['head'].startswith('8680c029'), region)

  def test_lpc_bridge_of_vfio_pci(self):
    # Intel's ICH9 LPC bridge, which QEMU's q35 has.
    region = self.find(igd_address(), IGD_TYPE, 3)
    self.assertTrue(region['head'].startswith('86801829'), region)


if __name__ == '__main__':
  with open(sys.argv[1], encoding='utf-8') as programs_file:
    programs.update(json.load(programs_file))
  sys.exit(0 if case_results.run_module('__main__', sys.argv[2]) else 1)
