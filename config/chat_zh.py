"""The Chinese words of config/chat.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Configuration.chat": "与客户的在线聊天：网页组件和应用。",
    "Chat": "与客户的在线聊天：网页组件和应用。协议见 docs/protocols/chat.zh.md。",
    "Chat.enabled": "客户能否聊天。",
    "Chat.listen": "客户在何处连接。",
    "Chat.allowed_origins": (
        "显示组件的网页的来源（origin）。其他来源的网页无法连接；没有来源的程序须出示已签名的身份。"
    ),
    "Chat.proxies": "哪些网段的反向代理，其 X-Forwarded-For 可信。",
    "Chat.widgets": "客户从哪些地方写来。",
    "Chat.identity": "如何认出在您网站上已登录的用户；无：所有人都是访客。",
    "Chat.push": "客户未连接时，有消息就通知您应用的服务器；无：客户下次来时自会看到。",
    "Chat.demo": "是否在 /chat/v1/demo 提供一个显示组件的页面，以供试用。",
    "Chat.message_bytes_max": "客户发来的一帧的大小；更长的帧会导致连接关闭。",
    "Chat.text_characters_max": "客户一条消息的字数。",
    "Chat.messages_per_min": "一个连接持续发送消息的速率；更快时会告知何时可以继续。",
    "Chat.messages_burst": "在上述速率生效之前可以一次发来的消息数。",
    "Chat.address_messages_per_min": (
        "来自同一地址的所有连接的消息速率：同一路由器后面的一个办公室算一个地址。"
    ),
    "Chat.tickets_per_min": "来自同一地址的新连接的持续速率；一次最多可来三倍之多。",
    "Chat.tickets_max": "已发出而未使用的票据数；每张有效 30 秒，约占 1 KB。",
    "Chat.connections_max": "同时连接的客户数；再多则以 503 拒绝。每个约占 16 KB。",
    "Chat.connections_per_address_max": "来自同一地址的同时连接数；再多则以 429 拒绝。",
    "Chat.connections_per_customer_max": "同一客户同时打开的标签页和设备数；再多则关闭。",
    "Chat.hello_s_max": "连接后这么久一言不发即关闭。",
    "Chat.ping_s": (
        "多久向一个连接发送一次 ping；连续两次没有回音即断开。许多代理会关闭静默 60 秒的连接。"
    ),
    "Chat.send_s_max": "客户端这么久什么都不接收即关闭；它再来时会得到错过的内容。",
    "Chat.send_bytes_max": "为一个客户端最多积压这么多；落后更多的会被关闭。",
    "Chat.history_max": "客户端空手而来时，发给它多少条最新消息。",
    "Chat.attachment_bytes_max": "客户一个文件的大小。",
    "Chat.attachment_s_max": "一个文件可以传多少秒。",
    "Chat.attachments_per_hour": "一个连接每小时的文件数。",
    "Chat.uploads_max": "所有客户同时上传的文件数。",
    "ChatListen": "客户在何处连接；与 API 分开，这样防火墙能区分两者。",
    "ChatListen.address": "监听的本机地址；对外开放之前请在前面放置 TLS 代理。",
    "ChatListen.port": "监听的端口；0 取一个空闲端口，供测试用。",
    "ChatTexts": "两种语言的一段文字。",
    "ChatTexts.en": "英文。",
    "ChatTexts.zh": "中文。",
    "ChatWidget": "客户写来的一处：网站或应用。",
    "ChatWidget.id": "网页或应用以此名称指明它。",
    "ChatWidget.queue_id": "其会话在哪个队列中等待。",
    "ChatWidget.languages": "以哪些语言显示；客户的语言不在其中时用第一种。",
    "ChatWidget.title": "顶部的标题；空：“在线咨询”。",
    "ChatWidget.notice": (
        "客户写字之前告诉他什么，例如会话会被分析和保存；在多数国家他有权知道。空：不提示。"
    ),
    "ChatIdentity": "在您网站上已登录的用户：网站用 JSON Web Token 为每个用户作保。",
    "ChatIdentity.issuer": "`iss` 必须是它。",
    "ChatIdentity.audience": "`aud` 必须是它。",
    "ChatIdentity.algorithm": (
        "令牌如何签名；声称用其他算法的令牌会被拒绝。只有一种，这样密钥决不会被当作另一类密钥。"
    ),
    "ChatIdentity.key": "密钥所在之处：HS256 为至少 32 字节的共享密钥，否则为 PEM 格式的公钥。",
    "ChatIdentity.skew_s": "两台机器的时钟可以相差多少。",
    "ChatIdentity.lifetime_s_max": ("令牌最长有效多久；更长的会被拒绝：偷到它的人也能用那么久。"),
    "ChatPush": "有消息发给未连接的客户时，通知您应用的服务器。",
    "ChatPush.url": (
        "发往何处。`https` 的证书必须有效；`http` 只可发往本机、私有网段的地址，"
        "或须设 `allow_http`。"
    ),
    "ChatPush.secret": (
        "签名密钥所在之处：`whsec_` 加 24 到 64 字节的 Base64，"
        "用 `echo whsec_$(openssl rand -base64 32)` 生成。"
    ),
    "ChatPush.push_after_s": "消息这么久未送达才推送：短暂的断线不值得推送。",
    "ChatPush.text": "推送是否带有消息文本；false：只说有一条消息。",
    "ChatPush.timeout_s": "一次尝试可以花多久。",
    "ChatPush.retry_s_max": "两次尝试之间最长的间隔。",
    "ChatPush.hours_max": "推送这么久仍不成功即放弃；消息无论如何都在等客户来看。",
    "ChatPush.allow_http": "是否允许用 `http` 发往任何主机：途中可被他人读取。",
}
