"""The servers that are compared, each with a viewer that decodes."""

import os
import signal
import subprocess


class Viewing:
  """One viewer at work: what the server spends, and what the viewer saw."""

  def __init__(self, server_pid, eye):
    self.server_pid = server_pid
    self.eye = eye

  def lines(self):
    return self.eye.log().splitlines()


class Oriel:
  """orield, which runs all the time and is idle between measurements."""

  def __init__(self, host, screen, eye_path, encoding):
    self.name = f'Oriel {encoding}'
    self.host, self.screen = host, screen
    self.eye_path, self.encoding = eye_path, encoding

  def begin(self):
    eye = self.host.start(f'eye-{self.encoding}-{os.urandom(4).hex()}', [
        self.eye_path, self.host.server, 'screen', self.encoding.lower()])
    return Viewing(self.host.orield.pid, eye)

  def end(self, viewing):
    viewing.eye.stop()


class FfmpegX11grab:
  """The peer: x11grab and libx264, made for low latency."""
  name = 'ffmpeg x11grab'

  def __init__(self, host, screen, eye_path):
    self.host, self.screen, self.eye_path = host, screen, eye_path
    self.ffmpeg = None

  def begin(self):
    read_end, write_end = os.pipe()
    tag = os.urandom(4).hex()
    self.ffmpeg = subprocess.Popen(
        ['ffmpeg', '-nostdin', '-v', 'error', '-f', 'x11grab', '-draw_mouse',
         '0', '-framerate', '60', '-video_size', '1920x1080', '-i',
         self.screen.display, '-c:v', 'libx264', '-preset', 'ultrafast',
         '-tune', 'zerolatency', '-crf', '23', '-pix_fmt', 'yuv420p',
         '-flush_packets', '1', '-f', 'nut', 'pipe:1'],
        stdin=subprocess.DEVNULL, stdout=write_end, start_new_session=True)
    os.close(write_end)
    eye = self.host.start(f'eye-ffmpeg-{tag}', [self.eye_path],
                          stdin=read_end)
    os.close(read_end)
    return Viewing(self.ffmpeg.pid, eye)

  def end(self, viewing):
    # ffmpeg ends its stream properly on SIGINT, and so does the eye.
    self.ffmpeg.send_signal(signal.SIGINT)
    self.ffmpeg.wait(20)
    viewing.eye.popen.wait(20)
