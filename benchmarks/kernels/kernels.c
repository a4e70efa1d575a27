/* Integer kernels for the interpreter's speed: freestanding, one entry each, a checksum in RAX. See build.sh. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define ARENA ((u8 *)0x400000)

static u32 seed;
static u32 next(void) { seed = seed * 1664525u + 1013904223u; return seed; }

__attribute__((noinline)) u64 sieve(void)
{
    u8 *flags = ARENA;
    const u32 n = 1000000;
    u64 count = 0;
    for (u32 i = 0; i < n; i++) flags[i] = 1;
    for (u32 i = 2; i < n; i++) {
        if (!flags[i]) continue;
        count += i;
        for (u64 j = (u64)i * i; j < n; j += i) flags[j] = 0;
    }
    return count;
}

__attribute__((noinline)) u64 crc32(void)
{
    u32 *table = (u32 *)ARENA;
    u8 *data = ARENA + 4096;
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        table[i] = c;
    }
    for (u32 i = 0; i < 65536; i++) data[i] = (u8)(i * 31);
    u32 crc = ~0u;
    for (int round = 0; round < 32; round++)
        for (u32 i = 0; i < 65536; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
    return ~crc;
}

static void sort(u32 *a, long lo, long hi)
{
    while (lo < hi) {
        u32 pivot = a[(lo + hi) / 2];
        long i = lo, j = hi;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) { u32 t = a[i]; a[i] = a[j]; a[j] = t; i++; j--; }
        }
        if (j - lo < hi - i) { sort(a, lo, j); lo = i; } else { sort(a, i, hi); hi = j; }
    }
}

__attribute__((noinline)) u64 quicksort(void)
{
    u32 *a = (u32 *)ARENA;
    const long n = 200000;
    seed = 42;
    for (long i = 0; i < n; i++) a[i] = next();
    sort(a, 0, n - 1);
    u64 sum = 0;
    for (long i = 0; i < n; i++) sum = sum * 31 + a[i];
    return sum;
}

static u32 ror(u32 x, int n) { return (x >> n) | (x << (32 - n)); }

__attribute__((noinline)) u64 sha256(void)
{
    static const u32 k[64] = {
        0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,
        0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,
        0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,
        0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
        0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,
        0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2 };
    u32 h[8] = { 0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19 };
    for (int block = 0; block < 8000; block++) {
        u32 w[64];
        for (int i = 0; i < 16; i++) w[i] = (u32)(block * 16 + i) * 2654435761u;
        for (int i = 16; i < 64; i++) {
            u32 s0 = ror(w[i-15], 7) ^ ror(w[i-15], 18) ^ (w[i-15] >> 3), s1 = ror(w[i-2], 17) ^ ror(w[i-2], 19) ^ (w[i-2] >> 10);
            w[i] = w[i-16] + s0 + w[i-7] + s1;
        }
        u32 a=h[0],b=h[1],c=h[2],d=h[3],e=h[4],f=h[5],g=h[6],x=h[7];
        for (int i = 0; i < 64; i++) {
            u32 t1 = x + (ror(e,6)^ror(e,11)^ror(e,25)) + ((e&f)^(~e&g)) + k[i] + w[i];
            u32 t2 = (ror(a,2)^ror(a,13)^ror(a,22)) + ((a&b)^(a&c)^(b&c));
            x=g; g=f; f=e; e=d+t1; d=c; c=b; b=a; a=t1+t2;
        }
        h[0]+=a; h[1]+=b; h[2]+=c; h[3]+=d; h[4]+=e; h[5]+=f; h[6]+=g; h[7]+=x;
    }
    return ((u64)h[0] << 32) | h[7];
}

__attribute__((noinline)) u64 fnv(void)
{
    u8 *text = ARENA;
    seed = 7;
    for (u32 i = 0; i < 65536; i++) text[i] = (next() >> 24) % 23 ? 'a' + (next() >> 28) : 0;
    u64 total = 0;
    for (int round = 0; round < 32; round++) {
        u8 *p = text;
        while (p < text + 65536) {
            u64 hash = 14695981039346656037ul;
            while (p < text + 65536 && *p) hash = (hash ^ *p++) * 1099511628211ul;
            total ^= hash;
            p++;
        }
    }
    return total;
}

__attribute__((section(".entry"))) void entry(void)
{
    static u64 (*const table[])(void) = { sieve, crc32, quicksort, sha256, fnv };
    register u64 which asm("rbx");
    u64 result = table[which]();
    asm volatile("hlt" : : "a"(result));
}
