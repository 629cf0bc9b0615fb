#!/usr/bin/env python3
"""What must not happen: reads of the framebuffer, and work for nobody."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import oriel_host

_FRAME_BYTES = 1920 * 1080 * 4
# System calls that bring bytes into the process.
_READS = ('read,readv,pread64,preadv,preadv2,recvfrom,recvmsg,recvmmsg,'
          'process_vm_readv,copy_file_range,splice,sendfile')


class NoCopy(e2e_case.E2eCase):

  def test_streaming_maps_the_framebuffer_and_never_reads_it(self):
    self.require('strace')
    self.host.start_sim('desktop', '--scene', 'desktop')
    trace = self.host.path('trace')
    orield = e2e_case.programs['orield']
    # -D: orield stays our child, and strace is the one that is attached.
    config_path = self.host.path('oriel.conf')
    with open(config_path, 'w', encoding='utf-8') as file:
      file.write(self.host.display_config('desktop'))
    self.host.orield = self.host.start('orield', [
        'strace', '-D', '-f', '-y', '-qq', '-e', f'trace={_READS}', '-o',
        trace, orield, '--config', config_path, '--listen', self.host.server])
    try:
      self.host.wait_for_state('desktop', 'ready')
    except oriel_host.HostError as error:
      if 'ptrace' in str(error):
        self.skipTest(f'strace is not permitted here: {error}')
      raise
    watch = self.start_oriel('watch', 'watch', 'desktop', '--updates', '60')
    self.wait_for_log(watch, 'exact')
    maps = self.read_proc('maps')
    self.wait_for_end(watch)
    self.host.orield.stop()
    with open(trace, encoding='utf-8', errors='replace') as file:
      calls = file.read()
    # The framebuffer is there, as a shared mapping that cannot be written.
    self.assertRegex(maps, r'r--s .*memfd:')
    self.assertEqual(re.findall(r'.* \w+\(\d+<[^>]*memfd.*', calls), [])
    got = sum(int(n) for n in re.findall(r'= (\d+)$', calls, re.MULTILINE))
    self.assertGreater(got, 0, 'the trace is empty')
    self.assertLess(got, _FRAME_BYTES // 4)

  def read_proc(self, name):
    with open(f'/proc/{self.host.orield.pid}/{name}', encoding='utf-8') as f:
      return f.read()


class Idle(e2e_case.E2eCase):

  def cpu_seconds(self):
    # What clock_getcpuclockid(3) makes of another process's id. The ticks in
    # /proc/PID/stat are charged to whoever runs when the clock ticks.
    return time.clock_gettime(~self.host.orield.pid << 3 | 2)

  def is_quiet(self):
    """Whether it took under 3 ms of the next two seconds and looked at nothing:
    sixty scans a second, or ten, take more and see all of it. What others on
    this machine do counts too now and then, as the kernel's own looking for
    unused pages does."""
    self.touched_framebuffer_kb()
    before = self.cpu_seconds()
    time.sleep(2)
    return (self.cpu_seconds() - before < 0.003 and
            self.touched_framebuffer_kb() < _FRAME_BYTES // 1024 // 100)

  def touched_framebuffer_kb(self):
    """What of memfd mappings was looked at since the last call."""
    proc = f'/proc/{self.host.orield.pid}'
    try:
      with open(f'{proc}/smaps', encoding='utf-8') as file:
        smaps = file.read()
      with open(f'{proc}/clear_refs', 'w', encoding='utf-8') as file:
        file.write('1')
    except OSError as error:
      self.skipTest(f'{proc} does not tell what was referenced: {error}')
    referenced, inside = 0, False
    for line in smaps.splitlines():
      if re.match(r'[0-9a-f]+-[0-9a-f]+ ', line):
        inside = 'memfd:' in line and 'r--s' in line
      elif inside and line.startswith('Referenced:'):
        referenced += int(line.split()[1])
    return referenced

  def test_without_viewers_nothing_is_read_and_no_time_is_spent(self):
    # It stands still, so that only orield looks at it.
    self.start_displays(desktop=('--scene', 'pattern'))
    watch = self.start_oriel('watch', 'watch', 'desktop')
    self.wait_for_log(watch, 'exact')
    self.touched_framebuffer_kb()
    oriel_host.wait_until(self.touched_framebuffer_kb,
                          'reads while somebody watches')
    watch.stop()
    # The viewer's end takes a moment to arrive and to be worked off.
    oriel_host.wait_until(
        lambda: self.host.show('desktop')['viewer_count'] == 0, 'no viewer')
    oriel_host.wait_until(self.is_quiet, 'two quiet seconds')


if __name__ == '__main__':
  e2e_case.main()
