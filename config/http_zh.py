"""The Chinese words of the section `http`, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Http": "HTTP 接口。",
    "Http.address": "监听的本机地址；向他人开放之前，请在前面放置 TLS 代理。",
    "Http.port": "监听的端口；0 表示任取一个空闲端口，供测试用。",
    "Http.token": "对 /api/v1 的每个请求都须携带的令牌放在哪里；至少 16 个字符。",
    "Http.event_readers_max": "/api/v1/events 同时的读者数；每个最多可在内存中占有 10,000 个事件。",
    "Http.event_heartbeat_s": "静默这么多秒后，告诉事件的读者一切正常。",
    "Http.event_send_s_max": "这么多秒什么都不收取的事件读者会被断开。",
    "Http.metrics_token": "/metrics 所要求的令牌放在哪里；无：能连到该端口的人都可以读。",
    "Http.connections_max": "同时的 TCP 连接数；再来的被关闭。",
    "Http.request_bytes_max": "请求正文的最大字节数。",
    "Http.import_bytes_max": (
        "导入客户的请求正文的最大字节数，约 50,000 行；更大的表请拆开，"
        "或用 `run_pbx.py customers import` 导入。同时最多接受两个。"
    ),
    "Http.request_s_max": "客户端发送整个请求可用的秒数。",
    "Http.auth_failures_max": "在 `auth_window_s` 内来自一个地址的错误令牌数；之后不再理会该地址。",
    "Http.auth_window_s": "统计错误令牌的秒数，也是不理会该地址的秒数。",
    "Http.desk": "是否在 /desk/ 提供座席页面；它要求输入令牌和座席。",
    "Http.desks_max": "座席同时打开的 WebSocket 数（/api/v1/agents/AGENT/desk）；再来的被拒绝。",
    "Http.allowed_origins": "可以从浏览器调用接口的网页来源（CORS）。",
    "Http.proxies": "其 X-Forwarded-For 可信的反向代理所在的网段。",
}
