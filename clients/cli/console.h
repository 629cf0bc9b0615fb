#pragma once

#include <ostream>

namespace oriel::clients {

// Where a command prints. Borrowed for the command's run.
struct Console {
  std::ostream& out;
  std::ostream& err;
  // Colours and progress lines are for terminals only.
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // False when NO_COLOR is set (no-color.org).
  bool colours = true;

  bool coloured_out() const { return out_is_terminal && colours; }
};

}  // namespace oriel::clients
