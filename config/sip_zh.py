"""The Chinese words of the section `sip`, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Sip": "SIP 边缘：在哪里接听，对外叫什么名字。",
    "Sip.domain": (
        "座席地址 `sip:座席@域名` 中的域名，也是其密码所属的域（realm）："
        "更改后须重新设置每部话机的密码。"
    ),
    "Sip.listen": "在哪些地址接收 SIP。",
    "Sip.advertised_address": "本机在 NAT 之后时，从外面看到的地址；无：用套接字本身的地址。",
    "Sip.local_networks": (
        "NAT 内侧的网段：对这些网段的话机使用我们自己的地址，而不是对外公布的地址。"
    ),
    "Sip.digest_algorithms": (
        "向话机和中继提供的口令验证算法，首选的在前。RFC 8760 要求跳过不认识的算法，但许多话机会"
        "直接放弃（baresip 1.0 即如此）：确认所有话机都支持 SHA-256 后，再写 `[SHA-256, MD5]`。"
    ),
    "Sip.registrar": "注册的话机。",
    "Sip.admission": "听谁的，听多少。",
    "SipListen": "一个接收 SIP 的地址。",
    "SipListen.transport": "SIP 的传输方式；tls 需要 `certificate` 和 `private_key`。",
    "SipListen.address": "监听的本机地址；0.0.0.0 表示所有 IPv4 地址。",
    "SipListen.port": (
        "监听的端口；SIP 为 5060，TLS 上的 SIP 为 5061。0 表示任取一个空闲端口，供测试用。"
    ),
    "SipListen.certificate": "PEM 文件，内含证书及证书链，用于 tls。",
    "SipListen.private_key": "PEM 文件，内含未加密的私钥，用于 tls。",
    "Registrar": "注册的话机（RFC 3261 第 10 节）。",
    "Registrar.expires_min_s": "更短的注册期会被 423 拒绝：每次注册都要核对一次摘要。",
    "Registrar.expires_max_s": "更长的注册期会缩短到此值。",
    "Registrar.expires_default_s": (
        "话机未要求时的注册期；已消失的话机被白白振铃的时间不会超过此值。"
    ),
    "Registrar.bindings_per_agent_max": "一名座席可同时注册的话机数；所有话机同时振铃。",
    "Registrar.nonce_lifetime_s": "摘要质询在多长时间内可以应答（RFC 7616 第 3.3 节）。",
    "Registrar.keepalive_s": (
        "隔多久向 NAT 后的话机发送一个包；许多路由器 30 秒后就会忘记 UDP 映射。"
    ),
    "Admission": "听谁的，听多少。",
    "Admission.requests_per_source_per_s": "非中继的一个地址每秒的请求数；超出的被丢弃。",
    "Admission.requests_per_source_burst": "上述速率生效之前可以一次到达的请求数。",
    "Admission.trunk_calls_per_s": "一条中继每秒的新来电数；超出的以 503 回应。",
    "Admission.failures_before_ban": "在时间窗内密码错误或用户不存在达到此次数后，不再理会该来源。",
    "Admission.failure_window_s": "一次失败计入多长时间。",
    "Admission.ban_s": "被封的来源在多长时间内不予理会。",
    "Admission.sources_max": "为速率和封禁而记住的来源数；最久未出现的先忘记。满时约占 20 MB。",
    "Admission.message_bytes_max": "更长的 SIP 消息会被拒绝；普通消息不到 4,000 字节。",
    "Admission.connections_max": "同时的 TCP 和 TLS 连接数；超出的被关闭。",
}
