// The operating system of a VM in the VM: finds the kernel's mdpy sample device
// on the PCI bus, draws pictures that nested_vm.py knows into its BAR0, and
// lets go of it when the VMM asks.

#include <stdint.h>

#define MDPY_ID 0x000f1b36
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x02
#define PCI_BAR0 0x10
#define MDPY_WIDTH 0x48
#define MDPY_HEIGHT 0x4c
// Free on QEMU's "pc": above memory, below the BIOS's own choices.
#define OWN_BAR 0xd0000000

// ACPI's hot-unplug registers of QEMU's "pc" (docs/specs/acpi_pci_hotplug.rst):
// one bit a slot. Read directly, they need no ACPI in the guest.
#define SLOTS_TO_EJECT 0xae04
#define EJECT_SLOT 0xae08

#define DEBUG_CONSOLE 0xe9
// The timer's own rate, 18.2 Hz, is fine.
#define TICKS_A_PICTURE 45
#define TICKS_A_SEARCH 9

struct Device {
  unsigned slot;
  volatile uint32_t* pixels;
  uint32_t width_px, height_px;
};

struct __attribute__((packed)) Gate {
  uint16_t offset_low, selector, flags, offset_high;
};

static struct Gate gates[256];

void OnTimer(void);

static void Out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void Out32(uint16_t port, uint32_t value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t In32(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void Say(const char* text, uint32_t number) {
  char digits[11];
  char* digit = digits + sizeof(digits) - 1;
  *digit = 0;
  do {
    *--digit = '0' + number % 10;
    number /= 10;
  } while (number);
  for (; *text; ++text) Out8(DEBUG_CONSOLE, *text);
  for (; *digit; ++digit) Out8(DEBUG_CONSOLE, *digit);
  Out8(DEBUG_CONSOLE, '\n');
}

static uint32_t ReadConfig(unsigned slot, unsigned offset) {
  Out32(0xcf8, 0x80000000u | slot << 11 | offset);
  return In32(0xcfc);
}

static void WriteConfig(unsigned slot, unsigned offset, uint32_t value) {
  Out32(0xcf8, 0x80000000u | slot << 11 | offset);
  Out32(0xcfc, value);
}

// Only the timer interrupts.
static void StartTimer(void) {
  static const uint8_t kPic[][2] = {
      {0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 4},
      {0xa1, 2},    {0x21, 1},    {0xa1, 1},    {0x21, 0xfe}, {0xa1, 0xff}};
  for (unsigned i = 0; i < sizeof(kPic) / sizeof(kPic[0]); ++i)
    Out8(kPic[i][0], kPic[i][1]);
  const uint32_t handler = (uint32_t)(uintptr_t)OnTimer;
  gates[0x20] = (struct Gate){handler & 0xffff, 0x08, 0x8e00, handler >> 16};
  const struct __attribute__((packed)) {
    uint16_t limit;
    uint32_t base;
  } table = {sizeof(gates) - 1, (uint32_t)(uintptr_t)gates};
  __asm__ volatile("lidt %0; sti" : : "m"(table));
}

static int FindDevice(struct Device* device) {
  for (unsigned slot = 1; slot < 32; ++slot) {
    if (ReadConfig(slot, 0) != MDPY_ID) continue;
    // Hot-plugged after the BIOS has run, nobody gave it an address.
    if ((ReadConfig(slot, PCI_BAR0) & ~15u) == 0)
      WriteConfig(slot, PCI_BAR0, OWN_BAR);
    WriteConfig(slot, PCI_COMMAND,
                ReadConfig(slot, PCI_COMMAND) | PCI_COMMAND_MEMORY);
    device->slot = slot;
    device->pixels =
        (volatile uint32_t*)(uintptr_t)(ReadConfig(slot, PCI_BAR0) & ~15u);
    device->width_px = ReadConfig(slot, MDPY_WIDTH);
    device->height_px = ReadConfig(slot, MDPY_HEIGHT);
    Say("found in slot ", slot);
    return 1;
  }
  return 0;
}

// Every picture differs from the one before it in each pixel; the first pixel
// says which one it is. nested_vm.py has the same formula.
static void Draw(const struct Device* device, uint32_t number) {
  volatile uint32_t* pixel = device->pixels;
  for (uint32_t y = 0; y < device->height_px; ++y)
    for (uint32_t x = 0; x < device->width_px; ++x)
      *pixel++ = ((x + number * 16) & 0xff) << 16 | ((x ^ y) & 0xff) << 8 |
                 ((y + number) & 0xff);
  device->pixels[0] = number;
  Say("drew ", number);
}

// True when the VMM wanted the device back and has got it.
static int Ejected(const struct Device* device) {
  const uint32_t bit = 1u << device->slot;
  if (!(In32(SLOTS_TO_EJECT) & bit)) return 0;
  Out32(EJECT_SLOT, bit);
  Say("ejected from slot ", device->slot);
  return 1;
}

void Main(void) {
  struct Device device = {0};
  uint32_t number = 0;
  StartTimer();
  for (uint32_t tick = 0;; ++tick) {
    if (!device.pixels) {
      if (tick % TICKS_A_SEARCH == 0 && FindDevice(&device)) tick = 0;
    } else if (Ejected(&device)) {
      device.pixels = 0;
    }
    if (device.pixels && tick % TICKS_A_PICTURE == 0) Draw(&device, ++number);
    __asm__ volatile("hlt");
  }
}
