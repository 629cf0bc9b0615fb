"""The servers that are compared, each with a viewer that decodes."""

import os
import signal
import socket
import subprocess

import oriel_host


class Viewing:
  """One viewer at work: what the server spends, and what the viewer saw."""

  def __init__(self, server_pid, eye, pictures):
    self.server_pid = server_pid
    self.eye = eye
    self._pictures = pictures
    self._requests = 0

  def lines(self):
    return self.eye.log().splitlines()

  def picture(self):
    """The file of what the viewer shows now, BGRX rows."""
    self._requests += 1
    self.eye.popen.send_signal(signal.SIGUSR1)
    oriel_host.wait_until(
        lambda: f'picture {self._requests}' in self.lines(),
        f'picture of {self.eye.name}', [self.eye])
    return f'{self._pictures}.{self._requests}'


class Server:
  """Its viewer starts anew for each measurement."""
  name = ''
  # Repeats beyond these say little more, and take their time.
  most_repeats = 2
  # From a viewer's first picture until the server works as it goes on.
  warm_up_s = 0.0

  def __init__(self, host, screen, eye_path):
    self.host, self.screen, self.eye_path = host, screen, eye_path

  def missing(self):
    """Why it cannot be measured here; '' when it can."""
    return ''

  def start_eye(self, server_pid, arguments, **kwargs):
    tag = f'eye-{os.urandom(4).hex()}'
    pictures = os.path.join(self.screen.folder, tag)
    eye = self.host.start(tag, [self.eye_path] + arguments + [pictures],
                          **kwargs)
    return Viewing(server_pid, eye, pictures)

  def begin(self):
    """Starts a viewer, and the server where it lives for that; a Viewing."""
    raise NotImplementedError

  def end(self, viewing):
    raise NotImplementedError


class Oriel(Server):
  """orield, which runs all the time and is idle between measurements."""

  def __init__(self, host, screen, eye_path, encoding, most_repeats):
    super().__init__(host, screen, eye_path)
    self.name = f'Oriel {encoding}'
    self.encoding = encoding.lower()
    self.most_repeats = most_repeats

  def missing(self):
    if self.encoding in self.host.show('screen')['encodings']:
      return ''
    return 'this orield has not that encoding'

  def begin(self):
    return self.start_eye(self.host.orield.pid,
                          [self.host.server, 'screen', self.encoding])

  def end(self, viewing):
    viewing.eye.stop()


class FfmpegX11grab(Server):
  """x11grab and libx264, made for low latency."""
  name = 'ffmpeg x11grab'
  most_repeats = 3

  def __init__(self, host, screen, eye_path):
    super().__init__(host, screen, eye_path)
    self.ffmpeg = None

  def begin(self):
    read_end, write_end = os.pipe()
    self.ffmpeg = subprocess.Popen(
        ['ffmpeg', '-nostdin', '-v', 'error', '-f', 'x11grab', '-draw_mouse',
         '0', '-framerate', '60', '-video_size', '1920x1080', '-i',
         self.screen.display, '-c:v', 'libx264', '-preset', 'ultrafast',
         '-tune', 'zerolatency', '-crf', '23', '-pix_fmt', 'yuv420p',
         '-flush_packets', '1', '-f', 'nut', 'pipe:1'],
        stdin=subprocess.DEVNULL, stdout=write_end, start_new_session=True)
    os.close(write_end)
    viewing = self.start_eye(self.ffmpeg.pid, [], stdin=read_end)
    os.close(read_end)
    return viewing

  def end(self, viewing):
    # ffmpeg ends its stream properly on SIGINT, and so does the eye.
    self.ffmpeg.send_signal(signal.SIGINT)
    self.ffmpeg.wait(20)
    viewing.eye.popen.wait(20)


class _Vnc(Server):
  """A server of the X screen over TCP on this machine."""
  server = None

  def command(self, port):
    raise NotImplementedError

  def begin(self):
    with socket.socket() as free:
      free.bind(('127.0.0.1', 0))
      port = free.getsockname()[1]
    command = self.command(port)
    self.server = self.screen.start(command[0], command)
    return self.start_eye(self.server.pid, [str(port)])

  def end(self, viewing):
    viewing.eye.stop()
    # x11vnc now and then hangs in its own end.
    self.server.stop(timeout_s=2)


class X11vnc(_Vnc):
  # It turns to XDamage some seconds after its first viewer came.
  warm_up_s = 4.5

  def __init__(self, host, screen, eye_path, xdamage):
    super().__init__(host, screen, eye_path)
    self.xdamage = xdamage
    self.most_repeats = 2 if xdamage else 1
    self.name = 'x11vnc' if xdamage else 'x11vnc, no XDamage'

  def command(self, port):
    options = [] if self.xdamage else ['-noxdamage']
    return ['x11vnc', '-display', self.screen.display, '-rfbport', str(port),
            '-localhost', '-noipv6', '-nopw', '-forever', '-quiet'] + options


class TigerVnc(_Vnc):
  name = 'TigerVNC x0'

  def command(self, port):
    # The script x0tigervncserver would put a Perl process before it.
    return ['X0tigervnc', '-display', self.screen.display, '-rfbport',
            str(port), '-localhost', '-SecurityTypes', 'None']


def all_servers(host, screen, programs):
  eye = programs['oriel_eye']
  return [
      Oriel(host, screen, eye, 'ADAPTIVE', 3),
      Oriel(host, screen, eye, 'LOSSLESS', 3),
      Oriel(host, screen, eye, 'H264', 1),
      FfmpegX11grab(host, screen, programs['ffmpeg_eye']),
      X11vnc(host, screen, programs['vnc_eye'], xdamage=True),
      X11vnc(host, screen, programs['vnc_eye'], xdamage=False),
      TigerVnc(host, screen, programs['vnc_eye']),
  ]
