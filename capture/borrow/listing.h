#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "capture/borrow/host.h"

namespace oriel::capture {

// What could be borrowed now, for operators; nothing is kept or handed over.
struct ListedDevice {
  std::string display;  // as it would be offered
  std::string vm;       // empty: its VMM does not name it
  pid_t pid = 0;
  std::string command;
  int fd = -1;
  std::string device;  // empty: unattributed
  std::string evidence;
  bool dma_bufs_allowed = false;
  std::string problem;  // why it would not be offered
};

struct Listing {
  std::vector<ListedDevice> devices;
  std::vector<std::string> problems;
};

Listing ListDevices(Host& host);

std::string ListingAsText(const Listing& listing);
std::string ListingAsJson(const Listing& listing);

}  // namespace oriel::capture
