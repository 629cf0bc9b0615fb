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
static struct pci_dev *vga;

// At any time: vfio-pci looks when a device is opened.
static int set_opregion_address(const char *text,
				const struct kernel_param *param)
{
	int ret = param_set_uint(text, param);

	if (!ret && vga)
		pci_write_config_dword(vga, OPREGION_POINTER, opregion_address);
	return ret;
}

static const struct kernel_param_ops opregion_address_ops = {
	.set = set_opregion_address,
	.get = param_get_uint,
};

module_param_cb(opregion_address, &opregion_address_ops, &opregion_address,
		0644);
MODULE_PARM_DESC(opregion_address, "physical address of the OpRegion");

static int __init igdfake_init(void)
{
	vga = pci_get_class(PCI_CLASS_DISPLAY_VGA << 8, NULL);
	if (!vga || vga->vendor != QEMU_VENDOR || vga->device != QEMU_VGA) {
		pci_dev_put(vga);
		return -ENODEV;
	}
	vga->vendor = PCI_VENDOR_ID_INTEL;
	pci_write_config_dword(vga, OPREGION_POINTER, opregion_address);
	pr_info("igdfake: %s\n", pci_name(vga));
	return 0;
}

static void __exit igdfake_exit(void)
{
	pci_dev_put(vga);
}

module_init(igdfake_init);
module_exit(igdfake_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lets QEMU's VGA pass for an Intel IGD");
