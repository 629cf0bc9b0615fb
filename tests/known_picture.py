"""Pictures that are known byte for byte, and files compared with them."""

import random
import re
import subprocess


class Picture:
  """BGRX rows with a random X, which must not matter.

  Smooth areas, hard edges and a little noise: an encoder that loses much of
  any shows in the PSNR.
  """

  def __init__(self, width, height, seed):
    self.width, self.height = width, height
    dice = random.Random(seed)
    shift = dice.randrange(64)
    ramp = bytes((x * 255 // width + shift) & 0xff for x in range(width))
    bars = bytes(255 if (x + shift) // 8 % 2 else 16 for x in range(width))
    self.rows, rgb = [], []
    for y in range(height):
      level = y * 255 // height
      green = bytes([level]) * width
      blue = red = ramp
      if 100 <= y % 200 < 140:
        blue = green = red = bars
      if y % 200 < 32:
        noise = dice.randbytes(32)
        blue, green, red = (noise + c[32:] for c in (blue, green, red))
      row = bytearray(dice.randbytes(4 * width))
      row[0::4], row[1::4], row[2::4] = blue, green, red
      self.rows.append(bytes(row))
      line = bytearray(3 * width)
      line[0::3], line[1::3], line[2::3] = red, green, blue
      rgb.append(bytes(line))
    self.rgb = b''.join(rgb)

  def differences(self, png_path):
    """'' when the file shows exactly this picture, else what is different."""
    pixels = decode_rgb(png_path)
    if pixels == self.rgb:
      return ''
    if len(pixels) != len(self.rgb):
      return f'{len(pixels)} bytes of RGB instead of {len(self.rgb)}'
    count = sum(a != b for a, b in zip(pixels, self.rgb))
    first = next(i for i, (a, b) in enumerate(zip(pixels, self.rgb)) if a != b)
    return (f'{count} bytes differ, the first at x {first // 3 % self.width} '
            f'y {first // 3 // self.width}')

  def psnr_db(self, video_path, raw_path):
    """Of the video's last frame, over RGB."""
    with open(raw_path, 'wb') as file:
      file.write(decode_rgb(video_path)[-len(self.rgb):])
    expected_path = raw_path + '.expected'
    with open(expected_path, 'wb') as file:
      file.write(self.rgb)
    raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24',
           '-s', f'{self.width}x{self.height}']
    log = subprocess.run(
        ['ffmpeg', '-nostdin', '-hide_banner'] + raw + ['-i', raw_path] + raw +
        ['-i', expected_path, '-lavfi', '[0]format=gbrp[a];[1]format=gbrp[b];'
         '[a][b]psnr', '-f', 'null', '-'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
        encoding='utf-8').stdout
    found = re.search(r'PSNR.*average:(\S+)', log)
    return float(found.group(1)) if found else 0.0


def decode_rgb(path):
  """RGB bytes of a picture, or of all frames of a video."""
  return subprocess.run(
      ['ffmpeg', '-nostdin', '-v', 'error', '-i', path, '-f', 'rawvideo',
       '-pix_fmt', 'rgb24', '-'], stdout=subprocess.PIPE, check=True).stdout
