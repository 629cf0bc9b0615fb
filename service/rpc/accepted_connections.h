#pragma once

#include <cstddef>
#include <set>
#include <string>

namespace oriel::rpc {

// Where a server of this process listens. gRPC keeps its connections to itself;
// the kernel tells which sockets were accepted there.
struct ListeningPlaces {
  std::set<std::string> unix_paths;  // as bound
  std::set<int> tcp_ports;
};

// Shuts down every connection that was accepted there, whatever its client
// does: gRPC waits for a write under way before it closes a connection, and one
// to a client that reads nothing never ends. How many there were. For the end
// of the server: another socket that is accepted there meanwhile may be missed.
size_t CutConnections(const ListeningPlaces& places);

}  // namespace oriel::rpc
