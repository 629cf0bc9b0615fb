"""VFIO from Python, apart from Oriel's code: what plays the VMM in the guest,
and an independent answer to what the kernel offers."""

import errno
import fcntl
import glob
import mmap
import os
import struct
import time
import uuid

SET_IOMMU = 0x3b66
GROUP_SET_CONTAINER = 0x3b68
GROUP_GET_DEVICE_FD = 0x3b6a
DEVICE_GET_INFO = 0x3b6b
DEVICE_GET_REGION_INFO = 0x3b6c
DEVICE_QUERY_GFX_PLANE = 0x3b72
TYPE1_IOMMU = 1
PLANE_TYPE_REGION = 4
PLANE_PRIMARY = 1
PCI_CONFIG_REGION = 7
PCI_COMMAND = 4
PCI_BASE_ADDRESS_0 = 0x10
PCI_COMMAND_MEMORY = 2
# Registers of the Bochs display in its BAR2, as mbochs has them.
_VBE_REGISTERS = 0x500
_VBE_ENABLED = 1


def _write(path, text):
  with open(path, 'w', encoding='utf-8') as file:
    file.write(text)


def group_file(device):
  """Such as /dev/vfio/0, for an mdev's UUID or a PCI address."""
  for bus in ('mdev', 'pci'):
    link = f'/sys/bus/{bus}/devices/{device}/iommu_group'
    if os.path.exists(link):
      return '/dev/vfio/' + os.path.basename(os.readlink(link))
  raise FileNotFoundError(f'{device} has no group')


def create_mdev(parent_type, name=None):
  """parent_type such as mdpy-vga; drivers say it in a folder of their own.
  The UUID of the new device."""
  name = name or str(uuid.uuid4())
  found = glob.glob(f'/sys/class/mdev_bus/*/mdev_supported_types/{parent_type}')
  _write(os.path.join(found[0], 'create'), name)
  return name


def remove_mdev(name):
  """Returns when nobody holds the device any more."""
  path = f'/sys/bus/mdev/devices/{name}/remove'
  if os.path.exists(path):
    _write(path, '1')


def bind(address, driver):
  """To a VFIO driver for PCI functions."""
  _write(f'/sys/bus/pci/devices/{address}/driver_override', driver)
  _write('/sys/bus/pci/drivers_probe', address)


class OpenDevice:
  """A device's fd, wherever it came from; a context manager that closes it."""

  def __init__(self, fd):
    self.fd = fd

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.close()

  def close(self):
    os.close(self.fd)

  def region_count(self):
    info = bytearray(struct.pack('5I', 20, 0, 0, 0, 0))
    fcntl.ioctl(self.fd, DEVICE_GET_INFO, info)
    return struct.unpack('5I', info)[2]

  def region(self, index):
    """(flags, size, file offset)."""
    info = bytearray(struct.pack('4I2Q', 32, 0, index, 0, 0, 0))
    fcntl.ioctl(self.fd, DEVICE_GET_REGION_INFO, info)
    _, flags, _, _, size, offset = struct.unpack('4I2Q', info)
    return flags, size, offset

  def plane(self):
    """(fourcc, width, height, stride, region index) of the primary plane."""
    info = bytearray(struct.pack('4IQ10I', 64, PLANE_TYPE_REGION,
                                 PLANE_PRIMARY, 0, 0, *[0] * 10))
    fcntl.ioctl(self.fd, DEVICE_QUERY_GFX_PLANE, info)
    fields = struct.unpack('4IQ10I', info)
    return struct.pack('I', fields[3]).decode(), *fields[5:8], fields[13]

  def rows(self):
    """The plane's rows as the processor sees them now."""
    _, width, height, stride, index = self.plane()
    _, size, offset = self.region(index)
    with mmap.mmap(self.fd, size, prot=mmap.PROT_READ, offset=offset) as memory:
      return [memory[y * stride:y * stride + 4 * width] for y in range(height)]

  def draw(self, rows):
    """Writes rows of the plane's own bytes through a mapping, as a guest
    does."""
    _, _, height, stride, index = self.plane()
    self.draw_at(index, rows[:height], stride)

  def draw_at(self, index, rows, stride):
    """The same on a region that the plane query does not name."""
    _, size, offset = self.region(index)
    with mmap.mmap(self.fd, size, offset=offset) as memory:
      for y, row in enumerate(rows):
        memory[y * stride:y * stride + len(row)] = row

  def set_bochs_mode(self, width, height, stride):
    """As the guest's driver of a Bochs display; width 0 switches it off."""
    _, _, offset = self.region(2)
    # Xres, yres, bits a pixel, enable; virtual width; x and y offset.
    for index, value in ((4, 0), (1, width), (2, height), (3, 32),
                         (6, stride // 4), (8, 0), (9, 0),
                         (4, _VBE_ENABLED if width else 0)):
      os.pwrite(self.fd, struct.pack('<H', value),
                offset + _VBE_REGISTERS + 2 * index)

  def set_address(self, address):
    """Of the first BAR, as firmware gives it."""
    _, _, offset = self.region(PCI_CONFIG_REGION)
    os.pwrite(self.fd, struct.pack('<I', address), offset + PCI_BASE_ADDRESS_0)

  def set_memory_decoding(self, on):
    """As a guest does while it sizes BARs or reboots."""
    _, _, offset = self.region(PCI_CONFIG_REGION)
    command, = struct.unpack('<H', os.pread(self.fd, 2, offset + PCI_COMMAND))
    command &= ~PCI_COMMAND_MEMORY
    os.pwrite(self.fd, struct.pack('<H', command |
                                   (PCI_COMMAND_MEMORY if on else 0)),
              offset + PCI_COMMAND)


class Device(OpenDevice):
  """An open device and its group, as a VMM holds them."""

  def __init__(self, device, group_path=None):
    self.container = os.open('/dev/vfio/vfio', os.O_RDWR)
    self.group = os.open(group_path or group_file(device), os.O_RDWR)
    fcntl.ioctl(self.group, GROUP_SET_CONTAINER,
                struct.pack('i', self.container))
    fcntl.ioctl(self.container, SET_IOMMU, TYPE1_IOMMU)
    self._name = device
    super().__init__(self.open_again())

  def open_again(self):
    """Another fd of the device."""
    # Only with a buffer that it may change does ioctl return the result.
    return fcntl.ioctl(self.group, GROUP_GET_DEVICE_FD,
                       bytearray(self._name.encode() + b'\0'))

  def close(self):
    super().close()
    os.close(self.group)
    os.close(self.container)


def wait_for_free_group(device, timeout_s=60, poll_s=0.001):
  """Until a VMM could open it; how long that took, in seconds, or 0 if it could
  at once."""
  begin = time.monotonic()
  path = group_file(device)
  busy = False
  while True:
    try:
      os.close(os.open(path, os.O_RDWR))
      return time.monotonic() - begin if busy else 0
    except OSError as error:
      if (error.errno != errno.EBUSY or
          time.monotonic() - begin > timeout_s):
        raise
    busy = True
    time.sleep(poll_s)
