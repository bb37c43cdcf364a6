// Reads payloads from stdin, each behind its length (u32), and writes for each whether FlatBuffers' own verifier takes it.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "chunk_generated.h"

int main() {
  uint32_t length;
  while (std::fread(&length, sizeof length, 1, stdin) == 1) {
    // as aligned as a buffer has to be; 64-bit words end where the bytes do not
    std::vector<uint64_t> words(length / 8 + 1);
    auto *bytes = reinterpret_cast<uint8_t *>(words.data());
    if (std::fread(bytes, 1, length, stdin) != length) return 1;
    flatbuffers::Verifier verifier(bytes, length);
    std::putchar(kymograph::wire::VerifyChunkBuffer(verifier) ? 1 : 0);
  }
  return 0;
}
