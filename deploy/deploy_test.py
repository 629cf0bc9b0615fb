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


if __name__ == '__main__':
  borrow = os.path.abspath(sys.argv.pop(2))
  orield = os.path.abspath(sys.argv.pop(1))
  unittest.main()
