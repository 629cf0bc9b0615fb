#!/usr/bin/env python3
"""What an administrator installs is accepted by what will read it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DEPLOY = os.path.dirname(os.path.abspath(__file__))
# systemd-analyze security's scale: 0 is safest, 10 has no sandbox at all.
GREATEST_EXPOSURE = 2.5


def run(*command):
  return subprocess.run(command, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                        encoding='utf-8', timeout=60)


class Configuration(unittest.TestCase):

  def check(self, text):
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
      file.write(text)
      file.flush()
      return run(orield, '--config', file.name, '--check-config')

  def setUp(self):
    with open(os.path.join(DEPLOY, 'orield.conf.example'),
              encoding='utf-8') as file:
      self.example = file.read()

  def test_the_example_is_good(self):
    done = self.check(self.example)
    self.assertEqual(done.returncode, 0, done.stdout)

  def test_the_example_is_good_with_all_that_is_commented_out(self):
    settings = re.sub(r'(?m)^# ((listen|display|limits|devices_socket) \{'
                      r'|own_all_mdevs: .*|  .*|\})', r'\1',
                      self.example)
    self.assertEqual(settings.count('\ndisplay {'), 4)
    self.assertIn('\nown_all_mdevs', settings)
    self.assertIn('\ndevices_socket', settings)
    done = self.check(settings)
    self.assertEqual(done.returncode, 0, done.stdout)


@unittest.skipUnless(shutil.which('systemd-analyze'),
                     'systemd-analyze is not installed')
class Units(unittest.TestCase):

  def setUp(self):
    # The units as installed here: verify wants their programs to exist.
    self.folder = tempfile.mkdtemp(prefix='oriel-unit-')
    self.addCleanup(shutil.rmtree, self.folder)
    self.units = [self.install('oriel.service', 'orield', orield),
                  self.install('oriel-borrow.service', 'oriel-borrow', borrow)]

  def install(self, name, program, built):
    with open(os.path.join(DEPLOY, 'systemd', name), encoding='utf-8') as file:
      unit = file.read()
    self.assertIn(f'ExecStart=/usr/sbin/{program}\n', unit)
    path = os.path.join(self.folder, name)
    with open(path, 'w', encoding='utf-8') as file:
      file.write(unit.replace(f'/usr/sbin/{program}', built))
    return path

  def test_systemd_understands_every_line(self):
    done = run('systemd-analyze', 'verify', '--man=no', '--recursive-errors=no',
               *self.units)
    self.assertEqual(done.returncode, 0, done.stdout)
    for unit in self.units:
      self.assertNotIn(os.path.basename(unit) + ':', done.stdout)

  def test_the_sandboxes_are_tight(self):
    for unit in self.units:
      name = os.path.basename(unit)
      done = run('systemd-analyze', 'security', '--offline=true', unit)
      exposure = re.search(f'exposure level for {name}: ([\\d.]+)', done.stdout)
      self.assertIsNotNone(exposure, done.stdout)
      self.assertLessEqual(float(exposure.group(1)), GREATEST_EXPOSURE,
                           done.stdout)

  def test_a_hung_program_is_killed_at_once_and_started_again(self):
    for unit in self.units:
      with open(unit, encoding='utf-8') as file:
        settings = dict(re.findall(r'(?m)^(\w+)=(.*)$', file.read()))
      self.assertEqual(
          (settings['Type'], settings['WatchdogSec'],
           settings['WatchdogSignal'], settings['Restart']),
          ('notify', '15s', 'SIGKILL', 'on-failure'), unit)

  def test_only_oriel_borrow_has_capabilities_and_only_its_two(self):
    granted = {}
    for unit in self.units:
      with open(unit, encoding='utf-8') as file:
        text = file.read()
      granted[os.path.basename(unit)] = [
          set(value.split()) for value in
          re.findall(r'(?m)^(?:CapabilityBounding|Ambient)(?:Set|Capabilities)='
                     r'(.*)$', text)]
    two = {'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'}
    self.assertEqual(granted, {'oriel.service': [set(), set()],
                               'oriel-borrow.service': [two, two]})

  def test_the_filter_lets_it_copy_fds_but_not_touch_memory(self):
    with open(self.units[1], encoding='utf-8') as file:
      lines = re.findall(r'(?m)^SystemCallFilter=(.*)$', file.read())
    allowed = set()
    for line in lines:
      names = set()
      for name in line.lstrip('~').split():
        names |= system_calls(name)
      allowed = allowed - names if line.startswith('~') else allowed | names
    self.assertLessEqual({'pidfd_open', 'pidfd_getfd', 'kcmp', 'sendmsg',
                          'signalfd4'}, allowed)
    self.assertFalse({'ptrace', 'process_vm_readv', 'process_vm_writev'} &
                     allowed)


def system_calls(name):
  """The calls of a set such as @system-service, or the call itself."""
  if not name.startswith('@'):
    return {name}
  calls = set()
  for line in run('systemd-analyze', 'syscall-filter', name).stdout.split('\n'):
    part = line.split('#')[0].strip()
    if part and part != name:
      calls |= system_calls(part)
  return calls


@unittest.skipUnless(shutil.which('systemd-sysusers'),
                     'systemd-sysusers is not installed')
class Users(unittest.TestCase):

  def test_every_unit_finds_its_user(self):
    with tempfile.TemporaryDirectory(prefix='oriel-users-') as root:
      os.mkdir(os.path.join(root, 'etc'))
      done = run('systemd-sysusers', f'--root={root}',
                 os.path.join(DEPLOY, 'systemd', 'oriel.sysusers'))
      self.assertEqual(done.returncode, 0, done.stdout)
      with open(os.path.join(root, 'etc', 'group'), encoding='utf-8') as file:
        groups = file.read()
    self.assertRegex(groups, r'(?m)^oriel:x:\d+:oriel-borrow$')
    self.assertRegex(groups, r'(?m)^oriel-borrow:x:\d+:$')


class Install(unittest.TestCase):
  """deploy/install into a folder, with programs that do nothing."""

  PROGRAMS = {'service/orield': 'usr/sbin/orield',
              'capture/borrow/oriel-borrow': 'usr/sbin/oriel-borrow',
              'clients/cli/oriel': 'usr/bin/oriel',
              'clients/viewer/oriel-viewer': 'usr/bin/oriel-viewer'}

  def setUp(self):
    folder = tempfile.mkdtemp(prefix='oriel-install-')
    self.addCleanup(shutil.rmtree, folder)
    self.built = os.path.join(folder, 'built')
    self.root = os.path.join(folder, 'root')
    self.write_programs('first')

  def write(self, path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
      file.write(text)

  def write_programs(self, version, programs=tuple(PROGRAMS)):
    for program in programs:
      path = os.path.join(self.built, program)
      self.write(path, version)
      os.chmod(path, 0o755)

  def install(self, status=0):
    done = run(os.path.join(DEPLOY, 'install'), '--root', self.root,
               '--programs', self.built)
    self.assertEqual(done.returncode, status, done.stdout)
    return done.stdout

  def read(self, path):
    with open(os.path.join(self.root, path), encoding='utf-8') as file:
      return file.read()

  def test_everything_has_its_place_and_mode(self):
    self.install()
    for path in self.PROGRAMS.values():
      self.assertEqual(self.read(path), 'first')
      mode = os.stat(os.path.join(self.root, path)).st_mode
      self.assertEqual(mode & 0o7777, 0o755)
    for path in ('usr/share/man/man1/oriel.1', 'usr/share/man/man8/orield.8',
                 'usr/share/man/man5/orield.conf.5', 'etc/oriel/orield.conf',
                 'usr/lib/systemd/system/oriel.service',
                 'usr/lib/systemd/system/oriel-borrow.service',
                 'usr/lib/sysusers.d/oriel.conf'):
      mode = os.stat(os.path.join(self.root, path)).st_mode
      self.assertEqual(mode & 0o7777, 0o644, path)
    self.assertFalse(os.path.exists(os.path.join(self.root, 'etc/group')))

  @unittest.skipUnless(shutil.which('systemd-sysusers'),
                       'systemd-sysusers is not installed')
  def test_an_image_gets_the_users(self):
    self.write(os.path.join(self.root, 'etc/passwd'), '')
    self.install()
    self.assertRegex(self.read('etc/group'), r'(?m)^oriel:x:\d+:oriel-borrow$')

  def test_programs_may_lie_side_by_side(self):
    shutil.rmtree(self.built)
    self.write_programs('copied', map(os.path.basename, self.PROGRAMS))
    self.install()
    self.assertEqual(self.read('usr/bin/oriel'), 'copied')

  def test_again_it_updates_programs_and_keeps_what_was_edited(self):
    self.install()
    conf = os.path.join(self.root, 'etc/oriel/orield.conf')
    self.write(conf, 'own_all_mdevs: true\n')
    unit = os.path.join(self.root, 'etc/systemd/system/oriel.service')
    self.write(unit, '[Service]\n')
    self.write_programs('second')
    said = self.install()
    self.assertEqual(self.read('usr/sbin/orield'), 'second')
    self.assertEqual(self.read('etc/oriel/orield.conf'),
                     'own_all_mdevs: true\n')
    self.assertEqual(self.read('etc/systemd/system/oriel.service'),
                     '[Service]\n')
    self.assertIn(f'Kept {conf}', said)
    self.assertIn(f'Kept {unit}', said)

  def test_what_is_not_built_is_named_before_anything_is_installed(self):
    os.remove(os.path.join(self.built, 'clients/cli/oriel'))
    said = self.install(status=1)
    self.assertIn('bazel build //clients/cli:oriel', said)
    self.assertFalse(os.path.exists(self.root))

  def test_a_wrong_argument_is_named(self):
    done = run(os.path.join(DEPLOY, 'install'), '--prefix', '/usr')
    self.assertEqual(done.returncode, 2)
    self.assertIn("unknown argument '--prefix'", done.stdout)


if __name__ == '__main__':
  borrow = os.path.abspath(sys.argv.pop(2))
  orield = os.path.abspath(sys.argv.pop(1))
  unittest.main()
