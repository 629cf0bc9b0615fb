// SPDX-License-Identifier: GPL-2.0-only
// A guest kernel's module: vfio-pci with a display plane in BAR 0, as a vendor's
// driver for a GPU's virtual functions is built. With QEMU's bochs-display
// behind it, the plane has all that a PCI function's memory has: it is gone
// while the guest switches decoding off, and removal is asked for by the
// request interrupt. The licence is the one that the kernel's VFIO functions ask
// for; nothing of Oriel links this file.
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>

#define WIDTH_PX 640
#define HEIGHT_PX 480

static int vfio_display_open_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	int ret = vfio_pci_core_enable(vdev);

	if (ret)
		return ret;
	vfio_pci_core_finish_enable(vdev);
	return 0;
}

static long vfio_display_query_plane(void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 region_index);
	struct vfio_device_gfx_plane_info plane;

	if (copy_from_user(&plane, arg, minsz))
		return -EFAULT;
	if (plane.argsz < minsz)
		return -EINVAL;
	if (plane.flags == (VFIO_GFX_PLANE_TYPE_PROBE |
			    VFIO_GFX_PLANE_TYPE_REGION))
		return 0;
	if (plane.flags != VFIO_GFX_PLANE_TYPE_REGION)
		return -EINVAL;

	plane.drm_format_mod = 0;
	plane.x_pos = 0;
	plane.y_pos = 0;
	plane.x_hot = 0;
	plane.y_hot = 0;
	if (plane.drm_plane_type == DRM_PLANE_TYPE_PRIMARY) {
		plane.drm_format = DRM_FORMAT_XRGB8888;
		plane.width = WIDTH_PX;
		plane.height = HEIGHT_PX;
		plane.stride = WIDTH_PX * 4;
		plane.size = WIDTH_PX * 4 * HEIGHT_PX;
		plane.region_index = VFIO_PCI_BAR0_REGION_INDEX;
	} else {
		plane.drm_format = 0;
		plane.width = 0;
		plane.height = 0;
		plane.stride = 0;
		plane.size = 0;
		plane.region_index = 0;
	}
	return copy_to_user(arg, &plane, minsz) ? -EFAULT : 0;
}

static long vfio_display_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
			       unsigned long arg)
{
	if (cmd == VFIO_DEVICE_QUERY_GFX_PLANE)
		return vfio_display_query_plane((void __user *)arg);
	return vfio_pci_core_ioctl(core_vdev, cmd, arg);
}

static const struct vfio_device_ops vfio_display_ops = {
	.name		= "vfio-display",
	.init		= vfio_pci_core_init_dev,
	.release	= vfio_pci_core_release_dev,
	.open_device	= vfio_display_open_device,
	.close_device	= vfio_pci_core_close_device,
	.ioctl		= vfio_display_ioctl,
	.device_feature	= vfio_pci_core_ioctl_feature,
	.read		= vfio_pci_core_read,
	.write		= vfio_pci_core_write,
	.mmap		= vfio_pci_core_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
};

static int vfio_display_probe(struct pci_dev *pdev,
			      const struct pci_device_id *id)
{
	struct vfio_pci_core_device *vdev;
	int ret;

	vdev = vfio_alloc_device(vfio_pci_core_device, vdev, &pdev->dev,
				 &vfio_display_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	dev_set_drvdata(&pdev->dev, vdev);
	ret = vfio_pci_core_register_device(vdev);
	if (ret)
		vfio_put_device(&vdev->vdev);
	return ret;
}

static void vfio_display_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(vdev);
	vfio_put_device(&vdev->vdev);
}

static const struct pci_device_id vfio_display_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};

static struct pci_driver vfio_display_driver = {
	.name			= "vfio-display",
	.id_table		= vfio_display_table,
	.probe			= vfio_display_probe,
	.remove			= vfio_display_remove,
	.err_handler		= &vfio_pci_core_err_handlers,
	.driver_managed_dma	= true,
};

module_pci_driver(vfio_display_driver);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("vfio-pci with a display plane in BAR 0");
