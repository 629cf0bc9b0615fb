// SPDX-License-Identifier: GPL-2.0-only
// A guest kernel's module: makes QEMU's VGA look like an Intel IGD to
// vfio-pci. The licence is the one that the kernel's PCI functions ask for;
// nothing of Oriel links this file.
#include <linux/module.h>
#include <linux/pci.h>

#define QEMU_VENDOR 0x1234
#define QEMU_VGA 0x1111
// Where the IGD keeps the physical address of its OpRegion.
#define OPREGION_POINTER 0xfc

static uint opregion_address;
module_param(opregion_address, uint, 0444);
MODULE_PARM_DESC(opregion_address, "physical address of the OpRegion");

static int __init igdfake_init(void)
{
	struct pci_dev *vga = pci_get_class(PCI_CLASS_DISPLAY_VGA << 8, NULL);

	if (!vga || vga->vendor != QEMU_VENDOR || vga->device != QEMU_VGA)
		return -ENODEV;
	vga->vendor = PCI_VENDOR_ID_INTEL;
	pci_write_config_dword(vga, OPREGION_POINTER, opregion_address);
	pr_info("igdfake: %s\n", pci_name(vga));
	pci_dev_put(vga);
	return 0;
}

static void __exit igdfake_exit(void)
{
}

module_init(igdfake_init);
module_exit(igdfake_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lets QEMU's VGA pass for an Intel IGD");
