"""A private X screen without a GPU, and programs on it."""

import os
import struct
import subprocess
import tempfile

# tools/ is on sys.path wherever this is imported.
import oriel_host


class XScreen:
  """Xvfb with its screen in a file, and no pointer in it, which is not in what
  programs like import take. A key repeats nothing when who typed is stopped."""

  def __init__(self, host, width=1920, height=1080):
    """`host`, an oriel_host.Host, stops what is started here."""
    self.host = host
    self.size = (width, height)
    self.folder = tempfile.mkdtemp(prefix='screen-', dir=host.folder)
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as numbers:
      self.process = host.start(
          'Xvfb', ['Xvfb', '-displayfd', str(write_end), '-screen', '0',
                   f'{width}x{height}x24', '-fbdir', self.folder,
                   '-nolisten', 'tcp', '-ac', '-nocursor', '-r',
                   '-noreset'], pass_fds=[write_end])
      os.close(write_end)
      number = numbers.readline().strip()
    if not number:
      raise oriel_host.HostError(f'Xvfb did not start:\n{self.process.log()}')
    self.display = ':' + number
    # The file that oriel-sim's xwd:FILE takes.
    self.file = os.path.join(self.folder, 'Xvfb_screen0')

  def environment(self):
    return dict(os.environ, DISPLAY=self.display)

  def start(self, name, arguments, **environment):
    return self.host.start(name, arguments,
                           env=dict(self.environment(), **environment))

  def picture(self):
    """What the screen shows: BGRX rows without gaps, X of any value."""
    with open(self.file, 'rb') as file:
      data = file.read()
    # An XWD header, <X11/XWDFile.h>; a colour of its map takes 12 bytes.
    header_size, = struct.unpack_from('>I', data, 0)
    stride, = struct.unpack_from('>I', data, 48)
    colors, = struct.unpack_from('>I', data, 76)
    width, height = self.size
    if stride != 4 * width:
      raise oriel_host.HostError(f'rows of {stride} bytes in {self.file}')
    start = header_size + 12 * colors
    return data[start:start + stride * height]

  def run(self, arguments, check=True, **kwargs):
    """Runs a program on the screen to its end; its output as bytes."""
    return subprocess.run(arguments, env=self.environment(), check=check,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          **kwargs).stdout

  def wait_for_window(self, name):
    """Waits until a window of that class shows; its id."""
    def find():
      found = subprocess.run(
          ['xdotool', 'search', '--onlyvisible', '--class', name],
          env=self.environment(), stdout=subprocess.PIPE,
          stderr=subprocess.DEVNULL, encoding='utf-8').stdout.split()
      return found[0] if found else None
    return oriel_host.wait_until(find, f'window of {name}', [self.process])
