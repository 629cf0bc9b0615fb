#include "clients/lib/server_address.h"

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

TEST(ServerAddressTest, TakesASocketWithAndWithoutItsPrefix) {
  for (const std::string text :
       {"unix:/run/x.sock", "/run/x.sock", "unix:///run/x.sock"}) {
    const auto address = ParseServerAddress(text);
    ASSERT_TRUE(address.ok()) << text << ": " << address.status();
    EXPECT_TRUE(address->is_socket());
    EXPECT_EQ(address->text, "unix:/run/x.sock");
    EXPECT_EQ(address->grpc_target, "unix:/run/x.sock");
    EXPECT_EQ(address->socket_path, "/run/x.sock");
  }
}

TEST(ServerAddressTest, TakesARelativeSocket) {
  for (const std::string text : {"unix:sim/o.sock", "./o.sock", "../o.sock"}) {
    const auto address = ParseServerAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_TRUE(address->is_socket()) << text;
  }
}

TEST(ServerAddressTest, TakesHostAndPort) {
  const auto address = ParseServerAddress("host7.example:7470");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_FALSE(address->is_socket());
  EXPECT_EQ(address->host, "host7.example");
  EXPECT_EQ(address->port, "7470");
  EXPECT_EQ(address->grpc_target, "dns:///host7.example:7470");
}

TEST(ServerAddressTest, TakesABracketedIpv6Address) {
  const auto address = ParseServerAddress("[::1]:7470");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, "7470");
}

TEST(ServerAddressTest, EveryRefusalNamesTheTextAndTheForms) {
  for (const std::string text :
       {"", "host", "host:", ":7470", "host:0", "host:65536", "host:70a",
        "host:-1", "::1:7470", "http://host:1", "unix:", "a b:1", "host/x:1",
        "unix://relative"}) {
    const auto address = ParseServerAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(address.status().message());
    EXPECT_THAT(message, HasSubstr("'" + text + "'"));
    EXPECT_THAT(message, HasSubstr("host:port"));
  }
}

TEST(ServerAddressTest, RefusesAPathTooLongForASocket) {
  const auto address = ParseServerAddress("/" + std::string(200, 'x'));
  ASSERT_FALSE(address.ok());
  EXPECT_THAT(std::string(address.status().message()), HasSubstr("201 bytes"));
}

TEST(ServerAddressTest, TheFlagWinsOverTheEnvironmentOverTheDefault) {
  ASSERT_EQ(unsetenv("ORIEL_SERVER"), 0);
  EXPECT_EQ(ChooseServer(""), kDefaultServer);
  ASSERT_EQ(setenv("ORIEL_SERVER", "/tmp/e.sock", 1), 0);
  EXPECT_EQ(ChooseServer(""), "/tmp/e.sock");
  EXPECT_EQ(ChooseServer("flag:1"), "flag:1");
  ASSERT_EQ(setenv("ORIEL_SERVER", "", 1), 0);
  EXPECT_EQ(ChooseServer(""), kDefaultServer);
}

}  // namespace
}  // namespace oriel::clients
