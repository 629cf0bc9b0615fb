#include "capture/device/fake_dma_bufs.h"

#include <utility>

#include "capture/device/map_file.h"

namespace oriel::capture {
namespace {

class FakeDmaBuf : public DmaBuf {
 public:
  FakeDmaBuf(std::shared_ptr<FakeDmaBufs> exporter, uint32_t id)
      : exporter_(std::move(exporter)), id_(id) {
    exporter_->open.insert(id_);
  }
  ~FakeDmaBuf() override { exporter_->open.erase(id_); }

  std::string exporter() const override { return "fakegpu"; }
  absl::StatusOr<Mapping> Map(size_t size_bytes) override {
    if (!exporter_->mappable)
      return absl::FailedPreconditionError("No such device");
    return MapFile(exporter_->memories[id_]->fd(), 0, size_bytes, "a dma-buf");
  }
  absl::Status BeginRead() override {
    exporter_->reading = true;
    return exporter_->sync_status;
  }
  absl::Status EndRead() override {
    exporter_->reads += std::exchange(exporter_->reading, false) ? 1 : 0;
    return exporter_->sync_status;
  }

 private:
  const std::shared_ptr<FakeDmaBufs> exporter_;
  const uint32_t id_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DmaBuf>> FakeDmaBufs::Get(uint32_t id) {
  ++times_asked[id];
  asked_while_open |= open.count(id) != 0;
  if (failures > 0) {
    --failures;
    return absl::UnavailableError("Cannot allocate memory");
  }
  if (memories.count(id) == 0)
    return absl::InvalidArgumentError("Invalid argument");
  return std::make_unique<FakeDmaBuf>(shared_from_this(), id);
}

}  // namespace oriel::capture
