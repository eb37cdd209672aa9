#pragma once

namespace turnstone::cli {

/// Makes the heap start large and in large pages where the system has them: reading a project
/// allocates a great number of small things, and half of its time went into the kernel handing out
/// pages one by one. Memory that is not touched costs nothing. Called once, first.
void prepare_heap();

}  // namespace turnstone::cli
