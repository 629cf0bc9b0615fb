#!/usr/bin/env python3
"""tools/demo with programs that are built already."""

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import demo
import oriel_host
import stop_signal
import x_screen


class Demo(e2e_case.E2eCase):

  def run_demo(self, *arguments):
    """The exit status."""
    with contextlib.redirect_stdout(io.StringIO()):
      return demo.run(demo.parse(arguments), e2e_case.programs)

  def test_the_command_sees_the_display_and_its_status_is_the_demos(self):
    image = self.host.path('demo.png')
    self.assertEqual(self.run_demo(
        '--mode', '640x480', '--run',
        f'oriel list | grep -q ready && oriel snapshot -o {image} && exit 7'),
                     7)
    self.assertTrue(os.path.getsize(image) > 0)

  def test_nothing_is_left_behind(self):
    folder = self.host.path('folder')
    self.run_demo('--mode', '640x480', '--run',
                  f'echo "${{ORIEL_SERVER#unix:}}" >{folder}')
    with open(folder, encoding='utf-8') as file:
      socket = file.read().strip()
    self.assertTrue(socket.endswith('.sock'))
    self.assertFalse(os.path.exists(os.path.dirname(socket)))

  def test_a_live_screen_is_shown(self):
    self.require('Xvfb')
    screen = x_screen.XScreen(self.host, 800, 600)
    status = self.run_demo('--screen', screen.file, '--run',
                           'oriel watch --until-exact && '
                           'oriel show | grep -q 800x600')
    self.assertEqual(status, 0)

  def inner_command(self, *arguments):
    return [sys.executable, os.path.realpath(__file__), 'inner'] + [
        f'{name}={path}' for name, path in e2e_case.programs.items()] + list(
            arguments)

  def test_two_demos_at_once_do_not_clash(self):
    inner = shlex.join(self.inner_command('--run',
                                          'oriel list | grep -q ready'))
    self.assertEqual(self.run_demo('--mode', '640x480', '--run', inner), 0)

  def test_the_lines_that_it_prints_can_be_pasted(self):
    outer = self.host.start('demo', self.inner_command())
    self.wait_for_log(outer, 'Ctrl-C stops')
    lines = re.findall(r'(?m)^  ((?:export|oriel) .*)$', outer.log())
    self.assertLess(max(map(len, lines)), 80, lines)
    self.assertEqual([line.split()[1] for line in lines[2:]],
                     ['view', 'snapshot', 'watch', 'record'])
    # No window is needed to see that the viewer is found.
    script = '\n'.join(line.replace(' view', ' view --version')
                       .replace('10s', '1s') for line in lines)
    done = subprocess.run(
        ['bash', '-ec', script], cwd=self.host.folder,
        env={'PATH': '/usr/bin:/bin'}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8',
        timeout=120)
    self.assertEqual(done.returncode, 0, done.stdout)
    self.assertIn('oriel-viewer ', done.stdout)
    for name in ('demo.png', 'demo.mp4'):
      self.assertTrue(os.path.getsize(self.host.path(name)) > 0)

  def test_ctrl_c_stops_what_was_started(self):
    outer = self.host.start('demo', self.inner_command())
    self.wait_for_log(outer, 'Ctrl-C stops')
    socket = re.search(r'ORIEL_SERVER=unix:(\S+)', outer.log()).group(1)
    children = oriel_host.wait_until(lambda: self.children(outer.pid),
                                     'processes of the demo')
    self.assertEqual(len(children), 2)
    # Twice, as timeout(1) does.
    for _ in range(2):
      outer.popen.send_signal(signal.SIGINT)
    self.assertEqual(self.wait_for_end(outer), 0, outer.log())
    self.assertFalse(os.path.exists(os.path.dirname(socket)))
    for pid in children:
      self.assertFalse(os.path.exists(f'/proc/{pid}'))

  def test_a_second_signal_leaves_nothing_behind_though_a_device_hangs(self):
    outer = self.host.start('demo', self.inner_command())
    self.wait_for_log(outer, 'Ctrl-C stops')
    socket = re.search(r'ORIEL_SERVER=unix:(\S+)', outer.log()).group(1)
    children = self.children(outer.pid)
    for pid in children:
      os.kill(int(pid), signal.SIGSTOP)
    def has_ended():
      outer.popen.send_signal(signal.SIGTERM)
      return outer.popen.poll() is not None
    oriel_host.wait_until(has_ended, 'the end of the demo')
    self.assertEqual(outer.popen.returncode, 128 + signal.SIGTERM)
    self.assertFalse(os.path.exists(os.path.dirname(socket)))

  @staticmethod
  def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
      return file.read().split()


def run_inner():
  """A demo of its own process."""
  stop_signal.install()
  programs = dict(a.split('=', 1) for a in sys.argv[2:6])
  sys.exit(demo.run(demo.parse(['--mode', '640x480'] + sys.argv[6:]),
                    programs))


if __name__ == '__main__':
  if sys.argv[1:2] == ['inner']:
    run_inner()
  e2e_case.main()
