#!/usr/bin/env python3
"""What goes wrong costs the display that it happens to, and nobody else."""

import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import oriel_host

EXIT_UNAVAILABLE = 4


class VanishedDevice(e2e_case.E2eCase):

  def test_its_stream_ends_with_a_reason_and_others_go_on(self):
    sims = self.start_displays(lost=('--scene', 'desktop') + e2e_case.SMALL,
                               kept=('--scene', 'desktop') + e2e_case.SMALL)
    lost = self.start_oriel('watch-lost', 'watch', 'lost')
    kept = self.start_oriel('watch-kept', 'watch', 'kept')
    for watch in (lost, kept):
      self.wait_for_log(watch, 'exact')
    sims['lost'].kill()
    self.assertEqual(self.wait_for_end(lost), EXIT_UNAVAILABLE, lost.log())
    self.assert_says(lost.log(), 'lost')
    self.assert_says(
        self.host.wait_for_state('lost', 'unavailable')['state_reason'],
        'lost.sock')
    size = len(kept.log())
    oriel_host.wait_until(lambda: len(kept.log()) > size + 500,
                          'updates of the other display', [kept])
    kept.check_running()

  def test_it_comes_back_when_the_device_does(self):
    sims = self.start_displays(desktop=('--scene', 'pattern') + e2e_case.SMALL)
    sims['desktop'].kill()
    self.host.wait_for_state('desktop', 'unavailable')
    os.remove(self.host.path('desktop.sock'))
    self.host.start_sim('desktop', '--scene', 'pattern', *e2e_case.SMALL)
    self.host.wait_for_state('desktop', 'ready')
    self.run_oriel('snapshot', 'desktop', '-o', self.host.path('again.png'))


class EndOfTheDaemon(e2e_case.E2eCase):

  def test_sigterm_ends_streams_and_the_process_cleanly(self):
    self.start_displays(desktop=('--scene', 'desktop') + e2e_case.SMALL)
    watch = self.start_oriel('watch', 'watch', 'desktop')
    self.wait_for_log(watch, 'exact')
    self.host.orield.popen.send_signal(signal.SIGTERM)
    self.assertEqual(self.wait_for_end(self.host.orield), 0,
                     self.host.orield.log())
    self.assertEqual(self.wait_for_end(watch), EXIT_UNAVAILABLE, watch.log())
    self.assertFalse(os.path.exists(self.host.path('oriel.sock')))
    self.run_oriel('list', status=EXIT_UNAVAILABLE)

  def test_it_starts_again_after_it_was_killed(self):
    self.start_displays(desktop=('--scene', 'pattern') + e2e_case.SMALL)
    self.host.orield.kill()
    self.assertTrue(os.path.exists(self.host.path('oriel.sock')))
    self.host.start_orield(self.host.display_config('desktop'))
    self.host.wait_for_state('desktop', 'ready')


class SlowViewer(e2e_case.E2eCase):

  def test_a_viewer_that_never_reads_costs_others_nothing(self):
    self.start_displays(desktop=('--scene', 'desktop'))
    stopped = self.start_oriel('stopped', 'watch', 'desktop')
    self.wait_for_log(stopped, 'exact')
    stopped.popen.send_signal(signal.SIGSTOP)
    self.addCleanup(stopped.popen.send_signal, signal.SIGCONT)
    self.run_oriel('watch', 'desktop', '--updates', '200')
    before = self.resident_kb()
    self.run_oriel('watch', 'desktop', '--updates', '200')
    # A megabyte an update would pile up if the stopped one were waited for.
    self.assertLess(self.resident_kb() - before, 20000)
    stopped.popen.send_signal(signal.SIGCONT)
    size = len(stopped.log())
    oriel_host.wait_until(lambda: len(stopped.log()) > size + 500,
                          'updates after the pause', [stopped])

  def resident_kb(self):
    with open(f'/proc/{self.host.orield.pid}/status', encoding='utf-8') as f:
      return int(next(line.split()[1] for line in f
                      if line.startswith('VmRSS')))


class FullDisk(e2e_case.E2eCase):

  def test_recording_says_that_the_disk_is_full(self):
    folder = self.host.path('disk')
    os.makedirs(folder)
    done = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', folder],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8')
    if done.returncode != 0:
      self.skipTest(f'a small file system needs root: {done.stdout.strip()}')
    self.addCleanup(subprocess.run, ['umount', folder])
    self.start_displays(desktop=('--scene', 'desktop'))
    done = self.run_oriel('record', 'desktop', '--duration', '60s',
                          '--output', os.path.join(folder, 'full.mkv'),
                          status=1)
    self.assert_says(done.stderr, 'full.mkv', 'disk is full')
    self.host.orield.check_running()
    self.run_oriel('snapshot', 'desktop', '-o', self.host.path('after.png'))


class Garbage(e2e_case.E2eCase):

  def test_a_client_that_sends_garbage_harms_nobody(self):
    self.start_displays(desktop=('--scene', 'pattern') + e2e_case.SMALL)

    for garbage in (b'GET / HTTP/1.0\r\n\r\n', bytes(range(256)) * 64, b''):
      with socket.socket(socket.AF_UNIX) as client:
        client.connect(self.host.path('oriel.sock'))
        client.sendall(garbage)
    self.run_oriel('snapshot', 'desktop', '-o', self.host.path('after.png'))
    self.host.orield.check_running()


if __name__ == '__main__':
  e2e_case.main()
